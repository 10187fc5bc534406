import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Address } from '../../src/core/message.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import type { Consumer, Delivery } from '../../src/queue/queue.ts';
import { openConnection } from '../../src/sqlite/binding.ts';
import { operationModule } from '../sqlite/probe-operations.mjs';
import { StoreFolder } from '../sqlite/store-folder.ts';

const PROBE = new URL('../sqlite/probe-operations.mjs', import.meta.url);
const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const WAIT = { timeout: 20_000 };

let folder: StoreFolder;
let queue: EmbeddedQueue;
let consumer: Consumer;
let delivered: Delivery[];

beforeEach(async () => {
  folder = await StoreFolder.make([EMBEDDED_QUEUE_MODULE, PROBE]);
  queue = await EmbeddedQueue.open({ store: folder.store });
  delivered = [];
  consumer = await queue.consume(ADDRESS, { prefetch: 10 }, (batch) => void delivered.push(...batch));
});

afterEach(async () => {
  await queue.close();
  await folder.remove();
});

function publish(...bodies: string[]): Promise<void> {
  return queue.publish(bodies.map((body) => ({ address: ADDRESS, body })));
}

function bodies(): string[] {
  return delivered.map(({ body }) => body);
}

async function reopen(): Promise<void> {
  await folder.store
    .writes(operationModule)('fail', 'SQLITE_IOERR_FSYNC')
    .catch(() => undefined);
  await vi.waitFor(() => expect(folder.store.health().ok).toBe(true), WAIT);
}

/** Changes the file as a write does whose answer was lost. */
function behindItsBack(sql: string): void {
  const connection = openConnection(join(folder.path, 'sluice.db'), 5000);
  connection.exec(sql);
  connection.close();
}

test('a message whose publishing had seemed to fail is delivered once the file is open again', async () => {
  await publish('a', 'b');
  await vi.waitFor(() => expect(bodies()).toEqual(['a', 'b']), WAIT);
  await consumer.ack(delivered);
  behindItsBack(`
    INSERT INTO queue_message (sequence, bytes, body) VALUES (${2 ** 40 + 1}, 4, 'lost');
    UPDATE queue_address SET messages = messages + 1, bytes = bytes + 4;`);
  await publish('c');
  await vi.waitFor(() => expect(bodies()).toEqual(['a', 'b', 'c']), WAIT);
  expect((await queue.depth()).addresses).toMatchObject([{ messages: 1, bytes: 1 }]);
  await reopen();
  await vi.waitFor(() => expect(bodies()).toEqual(['a', 'b', 'c', 'lost']), WAIT);
  expect((await queue.depth()).addresses).toMatchObject([{ messages: 2, bytes: 5 }]);
  await consumer.ack(delivered.slice(2));
  expect(await queue.depth()).toMatchObject({ addresses: [{ messages: 0, bytes: 0 }], fullness: 0 });
});

test('an acknowledgement that had seemed to fail is not counted twice', async () => {
  await publish('a', 'b');
  await vi.waitFor(() => expect(bodies()).toEqual(['a', 'b']), WAIT);
  behindItsBack(`
    DELETE FROM queue_message WHERE body = 'a';
    UPDATE queue_address SET messages = messages - 1, bytes = bytes - 1;`);
  await reopen();
  await consumer.ack(delivered);
  expect(await queue.depth()).toMatchObject({ addresses: [{ messages: 0, bytes: 0 }], fullness: 0 });
  expect(bodies()).toEqual(['a', 'b']);
});

test('what is published while the file is opened anew is counted once', async () => {
  await publish('a');
  const reopened = reopen();
  let confirmed = 1;
  for (let number = 0; number < 50 || !folder.store.health().ok; number += 1) {
    await publish(String(number % 10)).then(
      () => (confirmed += 1),
      () => undefined,
    );
  }
  await reopened;
  expect(await queue.depth()).toMatchObject({ addresses: [{ messages: confirmed, bytes: confirmed }] });
  expect((await queue.depth()).fullness).toBeCloseTo(confirmed / (8 * 2 ** 30), 15);
});
