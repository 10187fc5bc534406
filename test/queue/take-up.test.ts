import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import { asideOf } from '../../src/queue/spool/reserved-addresses.ts';
import { SpoolDisk } from '../../src/queue/spool/spool-disk.ts';
import { takeUp } from '../../src/queue/spool/take-up.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';
import { PATIENCE } from './spool-under-test.ts';

const ADDRESS = { queue: 'default', priority: 'normal', lane: 0 } as const;

it('what is taken up holds back nothing any more once it is to end, though it waits for some', async () => {
  const folder = await StoreFolder.make([EMBEDDED_QUEUE_MODULE]);
  const queue = await EmbeddedQueue.open({ store: folder.store });
  onTestFinished(async () => {
    await queue.close();
    await folder.remove();
  });
  const disk = new SpoolDisk(queue, silentLogger, () => undefined);
  const closing = new AbortController();
  const aside = asideOf(ADDRESS);
  const ended = takeUp({ disk, aside, address: ADDRESS, count: 1, signal: closing.signal });
  const got: string[] = [];
  await disk.consume(aside, (deliveries) => got.push(...deliveries.map(({ body }) => body)));
  await turn();
  closing.abort();
  await ended;
  await disk.keep(['a', 'b'].map((body) => ({ address: aside, body })));
  await expect.poll(() => got, PATIENCE).toEqual(['a', 'b']);
});
