import { expect, test, vi } from 'vitest';
import type { FromRunner, RunEnd } from '../../src/core/run-protocol.ts';
import { WorkerChannel } from '../../src/runner/worker-channel.ts';

function collector(): { channel: WorkerChannel; batches: FromRunner[][] } {
  const batches: FromRunner[][] = [];
  const channel = new WorkerChannel((batch, sent) => {
    batches.push(batch);
    sent();
  });
  return { channel, batches };
}

const end = (id: string): RunEnd => ({
  id,
  run: 1,
  end: { kind: 'returned', result: '1', followUps: [] },
  aborted: false,
});

test('everything of one turn goes in one message', async () => {
  const { channel, batches } = collector();
  channel.ended(end('a'));
  channel.tell({ kind: 'pong', number: 1 });
  channel.ended(end('b'));
  await vi.waitFor(() => expect(batches).toHaveLength(1));
  expect(batches[0]).toEqual([
    { kind: 'pong', number: 1 },
    { kind: 'ended', runs: [end('a'), end('b')] },
  ]);
});

test('of the progress of a turn only the latest is told, and none of a run that has ended', () => {
  const { channel, batches } = collector();
  for (const fraction of [0.1, 0.2, 0.3]) channel.progress('a', 1, { fraction });
  channel.progress('b', 1, { fraction: 1 });
  channel.ended(end('b'));
  channel.flush();
  expect(batches[0]?.filter(({ kind }) => kind === 'progress')).toEqual([
    { kind: 'progress', id: 'a', run: 1, progress: { fraction: 0.3 } },
  ]);
});

test('a handler that logs without end is cut short, and the log says so', () => {
  const { channel, batches } = collector();
  for (let line = 0; line < 5000; line += 1) {
    channel.log({ kind: 'log', id: 'a', run: 1, level: 'info', message: `line ${line}` });
  }
  channel.flush();
  expect(batches[0]).toHaveLength(1000);
  expect(batches[0]?.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('left out') });
});
