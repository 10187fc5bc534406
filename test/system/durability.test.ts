import { expect, test } from 'vitest';
import { Client } from './client.ts';
import { undurable, withLateSyncs, withoutSyncs } from './durability-trace.ts';
import { Server, temporaryFolder } from './server.ts';
import { NO_STRACE, Tracer } from './strace.ts';

const CLIENTS = 4;
const EACH = 15;
const CALLS = 'trace=pwrite64,pwritev,fsync,fdatasync,write,writev,sendto,sendmsg';

test.skipIf(NO_STRACE)('every 202 leaves after the write-ahead log with its message was synced', async () => {
  const server = await Server.start({ data: temporaryFolder(), flags: ['--runners', '1'] });
  const client = new Client(server.url);
  await client.accept('echo', 'makes the queue');
  const tracer = await Tracer.attach(server.pid, ['-y', '-s', '20000', '-e', CALLS]);
  const ids: string[] = [];
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, who) => {
      for (let number = 0; number < EACH; number += 1) ids.push(await client.accept('echo', { who, number }));
    }),
  );
  const lines = await tracer.detach();
  expect(undurable(lines, ids)).toEqual([]);
  expect(undurable(withoutSyncs(lines), ids)).toEqual(ids);
  expect(undurable(withLateSyncs(lines), ids)).toEqual(ids);
});
