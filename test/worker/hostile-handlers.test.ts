import { afterEach, expect, test } from 'vitest';
import { World } from './world.ts';

const MEBIBYTE = 2 ** 20;
const SMALL = { limits: { maxRunnerBytes: 160 * MEBIBYTE, crashLimit: 2 } };

let world: World;

afterEach(async () => world.close());

/** Runs the task among others that behave, and returns how it ended. */
async function amongOthers(
  task: string,
): Promise<World['database']['rows'] extends Map<string, infer R> ? R : never> {
  world = await World.start(SMALL);
  const before = await world.enqueueMany('pause', 10);
  const hostile = await world.enqueue(task);
  const beside = await world.enqueueMany('pause', 30);
  await world.ended(hostile, ...before, ...beside);
  const after = await world.enqueue('echo', { still: 'there' });
  await world.ended(after);
  const others = [...before, ...beside, after].map((id) => world.row(id).state);
  expect(others).toEqual(others.map(() => 'succeeded'));
  return world.row(hostile);
}

test.each(['endless-loop', 'exec-sync', 'pbkdf2-sync', 'never-resolving'])(
  'a handler that does not come to its end costs only itself: %s',
  async (task) => {
    const row = await amongOthers(task);
    expect(row).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'SLUICE_TASK_TIMEOUT' } });
  },
);

test.each([
  ['process-exit', 'exit code 0'],
  ['process-kill', 'SIGKILL'],
  ['process-abort', 'SIGABRT'],
  ['channel-cut', 'exit code 0'],
  ['channel-forged', 'makes no sense'],
  ['heap-out-of-memory', 'out of memory'],
  ['buffer-out-of-memory', 'out of memory'],
  ['unhandled-rejection', 'nobody listens'],
  ['uncaught-exception', 'nobody catches'],
])('a handler that ends its process costs only itself: %s', async (task, reason) => {
  const row = await amongOthers(task);
  expect(row).toMatchObject({
    state: 'failed',
    attempts: 0,
    crashes: 2,
    error: { code: 'SLUICE_TASK_CRASHED' },
  });
  expect(row.error?.message).toContain(reason);
});

test.each([
  ['throw-undefined', 'SLUICE_HANDLER_FAILED', 'undefined'],
  ['throw-string', 'SLUICE_HANDLER_FAILED', 'plain words'],
  ['throw-null-prototype', 'SLUICE_HANDLER_FAILED', '{"odd":1}'],
  ['throw-getters', 'SLUICE_HANDLER_FAILED', 'can not be shown'],
  ['throw-proxy', 'SLUICE_HANDLER_FAILED', 'can not be shown'],
  ['result-bigint', 'SLUICE_RESULT_INVALID', 'BigInt'],
  ['result-circular', 'SLUICE_RESULT_INVALID', 'circular'],
  ['result-function', 'SLUICE_RESULT_INVALID', 'function'],
  ['result-too-large', 'SLUICE_RESULT_TOO_LARGE', '2097154 bytes'],
])('what a handler throws or returns can be anything: %s', async (task, code, message) => {
  const row = await amongOthers(task);
  expect(row).toMatchObject({ state: 'failed', attempts: 1, crashes: 0, error: { code } });
  expect(row.error?.message).toContain(message);
});
