import { rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createSluice, type Sluice, type SluiceOptions, task } from '../../src/index.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { z } from 'zod';
import { Client } from './client.ts';
import { temporaryFolder } from './server.ts';

const TASKS = fileURLToPath(new URL('./tasks.ts', import.meta.url));

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function embedded(options: Partial<SluiceOptions> = {}): Promise<Sluice> {
  const sluice = await createSluice({ tasks: TASKS, data: temporaryFolder(), runners: 1, ...options });
  onTestFinished(() => sluice.close(0));
  return sluice;
}

/** A server of one's own; returns its URL. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Hands requests below `prefix` over as a framework does that mounts a handler there. */
function stripping(prefix: string, handler: Handler, other: Handler): Handler {
  return (request, response) => {
    const { url = '/' } = request;
    if (!url.startsWith(`${prefix}/`)) return other(request, response);
    request.url = url.slice(prefix.length);
    return handler(request, response);
  };
}

const own: Handler = (_, response) => void response.end('my own site');

test.each([
  [
    'as it came',
    (handle: Handler): Handler =>
      (request, response) =>
        (request.url?.startsWith('/jobs/') ? handle : own)(request, response),
  ],
  ['without the prefix', (handle: Handler): Handler => stripping('/jobs', handle, own)],
])('below a path of another server, which hands the request over %s', async (_, mount) => {
  const sluice = await embedded({ basePath: '/jobs' });
  const url = await serve(mount((request, response) => sluice.handle(request, response)));
  expect(await (await fetch(`${url}/`)).text()).toBe('my own site');
  const client = new Client(`${url}/jobs`);
  const { status, body } = await client.post('echo', { a: 1 }, { query: { priority: 'high' } });
  expect(status).toBe(202);
  const { links } = body;
  expect(links.self).toBe(`/jobs/v1/tasks/${body.id}`);
  expect((await client.end(body.id)).result).toEqual({ a: 1 });
  expect((await fetch(url + links.self)).status).toBe(200);
  expect(await client.probe('/v1/nothing')).toBe(404);
  await sluice.close();
  expect(await client.probe('/readyz')).toBe(503);
});

/** What the file of the tasks calls `echo`, as a caller knows it. */
const echo = task('echo', { input: z.object({ n: z.number() }), run: ({ n }) => n });

test('tasks are queued by the code around it', async () => {
  const sluice = await embedded();
  const url = await serve((request, response) => sluice.handle(request, response));
  const client = new Client(url);
  const { id } = await sluice.enqueue(
    echo,
    { n: 1 },
    { idempotencyKey: 'one', tags: ['a'], priority: 'low' },
  );
  expect((await client.end(id)).result).toEqual({ n: 1 });
  const again = await sluice.enqueue(echo, { n: 1 }, { idempotencyKey: 'one', tags: ['a'], priority: 'low' });
  expect(again.id).toBe(id);
  await expect(sluice.enqueue(echo, { n: 2 }, { idempotencyKey: 'one' })).rejects.toMatchObject({
    code: 'SLUICE_IDEMPOTENCY_KEY_REUSED',
  });
  expect((await client.list('succeeded')).length).toBe(1);
  const later = await sluice.enqueue('echo', null, { delay: '1h', deadline: new Date('2100-01-01') });
  await eventually('it waits', async () => (await client.get(later.id)).status === 'scheduled');
  await expect(sluice.enqueue('nobody', {})).rejects.toMatchObject({ code: 'SLUICE_TASK_UNKNOWN' });
  await expect(sluice.enqueue('echo', 1, { delay: '-1s' })).rejects.toMatchObject({
    code: 'SLUICE_OPTION_INVALID',
  });
  // @ts-expect-error the input is typed
  const wrong = (): unknown => sluice.enqueue(echo, { n: '1' });
  expect(wrong).toBeTypeOf('function');
});

test('what can not be queued is told as the API would, whatever it is', async () => {
  const sluice = await embedded();
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const [input, message] of [
    [{ n: 1n }, 'serialize a BigInt'],
    [cyclic, "property 'self' closes the circle"],
    [() => 1, 'a function is not JSON'],
  ] as const) {
    await expect(sluice.enqueue('echo', input)).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'SLUICE_INPUT_INVALID',
      data: { task: 'echo', errors: [{ pointer: '', message: expect.stringContaining(message) as unknown }] },
    });
  }
  for (const option of ['runAt', 'deadline']) {
    await expect(sluice.enqueue('echo', 1, { [option]: new Date('soon') })).rejects.toMatchObject({
      code: 'SLUICE_OPTION_INVALID',
      message: expect.stringContaining(`${option} is "Invalid Date"`) as unknown,
    });
  }
});

test('closing lets what runs end; what takes too long is handed back, uncharged', async () => {
  const data = temporaryFolder();
  const folder = temporaryFolder();
  const given = { gate: join(folder, 'gate'), trace: join(folder, 'trace') };
  const start = async (): Promise<{ sluice: Sluice; client: Client }> => {
    const sluice = await embedded({ data });
    return {
      sluice,
      client: new Client(await serve((request, response) => sluice.handle(request, response))),
    };
  };
  const running = async ({ client }: { client: Client }): Promise<void> => {
    await eventually('it runs', async () => (await client.list('running')).length === 1);
  };

  const first = await start();
  const short = await first.sluice.enqueue('gated', given);
  await running(first);
  const metrics = await first.sluice.listenMetrics({ host: '127.0.0.1', port: 0 });
  const readiness = async (): Promise<number> => (await fetch(`${metrics.url}/readyz`)).status;
  expect(await readiness()).toBe(200);
  const closed = first.sluice.close(30_000);
  // It can be watched while it ends.
  expect(await readiness()).toBe(503);
  writeFileSync(given.gate, '');
  await closed;
  await expect(first.sluice.enqueue('echo', 1)).rejects.toMatchObject({ status: 503 });

  const second = await start();
  expect(await second.client.get(short.id)).toMatchObject({ status: 'succeeded', run: 1 });
  rmSync(given.gate);
  const long = await second.sluice.enqueue('gated', given);
  await running(second);
  await second.sluice.close(0);

  const third = await start();
  await running(third);
  writeFileSync(given.gate, '');
  const uncharged = { status: 'succeeded', run: 2, attempts: 0, crashes: 0 };
  expect(await third.client.end(long.id)).toMatchObject(uncharged);
});

test('a second one on the same folder is refused, and the first goes on', async () => {
  const data = temporaryFolder();
  const first = await embedded({ data });
  await expect(embedded({ data })).rejects.toMatchObject({ code: 'SLUICE_DATA_LOCKED' });
  const client = new Client(await serve((request, response) => first.handle(request, response)));
  const { id } = await first.enqueue('echo', 1);
  expect((await client.end(id)).result).toBe(1);
  await first.close();
  await embedded({ data });
});

test('takes no idempotency key that the HTTP API would refuse', async () => {
  const sluice = await embedded();
  for (const idempotencyKey of ['', 'x'.repeat(256), 'a\nb', 'ä']) {
    await expect(sluice.enqueue('echo', {}, { idempotencyKey })).rejects.toMatchObject({
      code: 'SLUICE_IDEMPOTENCY_KEY_INVALID',
    });
  }
  await sluice.enqueue('echo', {}, { idempotencyKey: 'a key' });
});
