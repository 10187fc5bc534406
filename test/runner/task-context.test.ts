import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { decodeMessage } from '../../src/core/message.ts';
import { systemRandom } from '../../src/core/random.ts';
import { task } from '../../src/core/task.ts';
import { readTaskId, TaskIds } from '../../src/core/task-id.ts';
import { WorkerChannel } from '../../src/runner/worker-channel.ts';
import { RunContext } from '../../src/runner/task-context.ts';

const MEBIBYTE = 2 ** 20;
const child = task('child', { input: {}, run: () => undefined });

function context(): RunContext {
  const id = 'tsk_parent';
  const request = {
    id,
    run: 1,
    tenant: 'default',
    task: 'parent',
    attempt: 1,
    idempotencyKey: id,
    input: '{}',
  };
  return new RunContext(request, new AbortController().signal, {
    definitions: new Map([['child', child]]),
    ids: new TaskIds(['a secret for tests, long enough to do'], systemClock, systemRandom),
    clock: systemClock,
    channel: new WorkerChannel(() => undefined),
    maxResultBytes: MEBIBYTE,
    maxBodyBytes: MEBIBYTE,
  });
}

test('a key that looks like the number of a call does not make two children one', () => {
  const run = context();
  const ids = [run.enqueue(child, 1), run.enqueue(child, 2, { key: '0' }), run.enqueue(child, 3)];
  expect(new Set(ids.map((id) => readTaskId(id)?.identity)).size).toBe(3);
});

test('the same calls of another run make the same children', () => {
  const calls = (): (string | undefined)[] => {
    const run = context();
    const ids = [run.enqueue(child, 1), run.enqueue(child, 2, { key: 'a' })];
    return ids.map((id) => readTaskId(id)?.identity);
  };
  expect(calls()).toEqual(calls());
});

test('one run can not enqueue more than the worker can hold', () => {
  const run = context();
  const large = 'x'.repeat(MEBIBYTE - 100);
  const fill = (): void => {
    for (let calls = 0; calls < 100; calls += 1) run.enqueue(child, large);
  };
  expect(fill).toThrow('at most 16777216; let a task that it enqueues go on');
  const bytes = run.end().reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  expect(bytes).toBeGreaterThan(15 * MEBIBYTE);
  expect(bytes).toBeLessThanOrEqual(16 * MEBIBYTE);
});

test('what is enqueued after the end of the run is refused, for nobody would ever queue it', () => {
  const run = context();
  run.enqueue(child, 'in time');
  const followUps = run.end();
  expect(() => run.enqueue(child, 'late')).toThrow('after the end of the run');
  expect(followUps.map((body) => decodeMessage(body).input)).toEqual(['"in time"']);
});
