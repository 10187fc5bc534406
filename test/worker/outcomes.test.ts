import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMessage, type Message } from '../../src/core/message.ts';
import { readTaskId } from '../../src/core/task-id.ts';
import { decodeTaskView, taskViewKey } from '../../src/core/task-view.ts';
import { cancelTopic, taskTopic } from '../../src/core/topics.ts';
import { WAIT, World } from './world.ts';

let world: World;

afterEach(async () => world.close());

describe('how a run ends', () => {
  beforeEach(async () => {
    world = await World.start();
  });

  test('a handler is tried again, as often as its definition says', async () => {
    const [recovers, fails] = [await world.enqueue('throw-twice'), await world.enqueue('throw-error')];
    await world.ended(recovers, fails);
    expect(world.row(recovers)).toMatchObject({ state: 'succeeded', attempts: 2, run: 3, result: '3' });
    expect(world.row(fails)).toMatchObject({
      state: 'failed',
      error: { code: 'SLUICE_HANDLER_FAILED', message: 'The handler failed: boom' },
    });
    expect(world.row(fails).error?.stack).toContain('tasks.mjs');
  });

  test('a run that fails is logged with the lines of the author, and what becomes of its task', async () => {
    const [recovers, fails] = [await world.enqueue('throw-twice'), await world.enqueue('throw-error')];
    await world.ended(recovers, fails);
    const logged = (id: string): unknown[] =>
      world.logged
        .filter(({ data }) => data?.['taskId'] === id)
        .map(({ level, message, data }) => [level, message, data?.['attempt']]);
    await world.until(() => logged(fails).length > 0 && logged(recovers).length > 1);
    expect(logged(recovers)).toEqual([
      ['warn', 'a run failed; the task runs again', 1],
      ['warn', 'a run failed; the task runs again', 2],
    ]);
    expect(logged(fails)).toEqual([['error', 'a run failed; the task is failed', 1]]);
    const { stack } = world.logged.find(({ data }) => data?.['taskId'] === fails)?.data ?? {};
    expect(String(stack)).toMatch(/^Error: boom\n +at .*tasks\.mjs:/);
    expect(stack).not.toMatch(/handler-run|node:internal/);
  });

  test('a failure tells what was underneath it', async () => {
    const id = await world.enqueue('throw-cause');
    await world.ended(id);
    expect(world.row(id).error?.message).toBe(
      'The handler failed: fetch failed: connect ECONNREFUSED 127.0.0.1:9',
    );
  });

  test('what a handler throws steers its retries', async () => {
    const ids = [await world.enqueue('non-retriable'), await world.enqueue('retry-after')];
    const coded = await world.enqueue('throw-code');
    await world.ended(...ids, coded);
    const [final, later] = ids.map((id) => world.database.outcomes.find((one) => one.id === id)?.outcome);
    expect(final).toMatchObject({ kind: 'failed', error: { message: 'it is of no use' } });
    expect(later).toMatchObject({ kind: 'retry', afterMs: 120_000 });
    expect(world.row(coded).error).toMatchObject({ code: 'PAYMENT_REQUIRED', message: 'no money' });
  });

  test('an input or a result that does not fit its schema is not tried again', async () => {
    const [input, result, plain] = [
      await world.enqueue('input-unfit', 'text'),
      await world.enqueue('result-unfit'),
      await world.enqueue('result-plain'),
    ];
    await world.ended(input, result, plain);
    expect(world.row(input)).toMatchObject({ attempts: 0, run: 1, error: { code: 'SLUICE_INPUT_INVALID' } });
    expect(world.row(input).error?.message).toContain('/n: no number');
    expect(world.row(result)).toMatchObject({
      attempts: 1,
      run: 1,
      error: { code: 'SLUICE_RESULT_INVALID' },
    });
    expect(world.row(plain).error?.message).toContain('value/n must be number');
  });

  test('a handler knows its task, and tells how far it is', async () => {
    const id = await world.enqueue('chatty');
    await world.ended(id);
    await world.until(() => world.signals.some(({ payload }) => payload.includes('succeeded')));
    expect(JSON.parse(world.row(id).result ?? '')).toEqual({ id, tenant: 'default', attempt: 1, key: id });
    const told = world.signals.filter(({ topic }) => topic === taskTopic(id)).map(({ payload }) => payload);
    expect(told[0]).toContain('"state":"running"');
    expect(told.at(-1)).toContain('"state":"succeeded"');
    expect(told.filter((payload) => payload.includes('progress')).length).toBeGreaterThan(0);
    expect(world.logged).toContainEqual({
      level: 'info',
      message: 'hello',
      data: { n: 1, taskId: id, task: 'chatty', attempt: 1 },
    });
  });

  test('the copy in the cache is there before the signal of the end', async () => {
    const id = await world.enqueue('echo', { some: 'thing' });
    await world.until(() => world.signals.some(({ payload }) => payload.includes('succeeded')));
    const { value = '', version } = world.cached.get(taskViewKey(id)) ?? {};
    expect(decodeTaskView(value)).toMatchObject({
      record: { id, state: 'succeeded' },
      result: '{"some":"thing"}',
    });
    expect(version).toBe(world.row(id).version);
  });

  test('tasks that a handler enqueues are published once it has succeeded, each run of it under the same ids', async () => {
    const parent = world.message('parent');
    await world.publish([parent]);
    await world.ended(parent.id);
    await world.until(() => world.database.followUpsDone.includes(parent.id));
    const [first, second] = followUpsOf(parent.id);
    if (!first || !second) throw new Error('it has enqueued too few');
    expect(first).toMatchObject({ task: 'echo', parentId: parent.id, input: '{"child":1}', run: 1 });
    expect(second).toMatchObject({
      task: 'limited',
      priority: 'low',
      concurrencyLimit: 2,
      concurrencyKey: 'default/limited/',
      idempotencyKey: `${parent.id}/key/second`,
    });
    expect(second.dueAt).toBe(second.publishedAt + 3_600_000);
    expect(world.row(parent.id).result).toBe(JSON.stringify([first.id, second.id]));
    await world.ended(first.id);

    world.database.rows.delete(parent.id);
    await world.publish([parent]);
    await world.ended(parent.id);
    const identities = followUpsOf(parent.id).map(({ id }) => readTaskId(id)?.identity);
    expect(identities).toEqual([first, second].map(({ id }) => readTaskId(id)?.identity));
  });

  test('a handler can not enqueue a task that nobody has defined', async () => {
    const id = await world.enqueue('parent-of-unknown');
    await world.ended(id);
    expect(world.row(id).error).toMatchObject({ code: 'SLUICE_TASK_UNKNOWN' });
  });

  test('a handler is told why it is aborted', async () => {
    const trace = world.path('trace');
    const id = await world.enqueue('obedient', { trace });
    await world.running(id);
    await world.until(() => world.subscribed(cancelTopic(id)));
    world.signal(cancelTopic(id));
    await world.ended(id);
    expect(world.row(id).state).toBe('cancelled');
    expect(await readFile(trace, 'utf8')).toBe(`start ${id}\ncancelled ${id}\n`);
  });
});

test('a handler that obeys the abort of its timeout costs its process nothing', async () => {
  world = await World.start();
  const trace = world.path('trace');
  const before = world.worker.status().runners.map(({ pid }) => pid);
  const id = await world.enqueue('obedient-brief', { trace });
  await world.ended(id);
  expect(world.row(id)).toMatchObject({ state: 'failed', error: { code: 'SLUICE_TASK_TIMEOUT' } });
  expect(await readFile(trace, 'utf8')).toBe(`start ${id}\ntimeout ${id}\n`);
  expect(world.worker.status().runners.map(({ pid }) => pid)).toEqual(before);
});

test('a cancel that only the database has heard of is seen with the lease', async () => {
  world = await World.start({ timing: { extendEveryMs: 50 } });
  const id = await world.enqueue('obedient', {});
  await world.running(id);
  world.row(id).cancelRequested = true;
  await world.ended(id);
  expect(world.row(id).state).toBe('cancelled');
});

test('a handler that ignores a cancel is cut off after the grace, and its process is replaced', async () => {
  world = await World.start({ timing: { cancelGraceMs: 100 } });
  const trace = world.path('trace');
  const id = await world.enqueue('deaf', { trace });
  await world.until(() => world.subscribed(cancelTopic(id)));
  const before = world.worker.status().runners.map(({ pid }) => pid);
  world.signal(cancelTopic(id));
  await world.ended(id);
  expect(world.row(id)).toMatchObject({ state: 'cancelled', run: 1 });
  const deaf = Number(await readFile(trace, 'utf8'));
  expect(before).toContain(deaf);
  await world.until(() => {
    const { runners } = world.worker.status();
    return runners.length === 2 && runners.every(({ pid, state }) => pid !== deaf && state === 'ready');
  });
});

test("a run that is no longer the worker's is aborted, and can not settle", async () => {
  world = await World.start({ timing: { extendEveryMs: 50 } });
  const trace = world.path('trace');
  const id = await world.enqueue('obedient', { trace });
  await world.running(id);
  // As a recovery by another worker leaves it, whose run then succeeds.
  Object.assign(world.row(id), { run: 2, state: 'succeeded', holder: 'another' });
  await world.until(() => world.worker.status().running === 0);
  // The worker has let go of it before its handler hears of that.
  await expect.poll(async () => readFile(trace, 'utf8'), WAIT).toContain(`lost ${id}`);
  expect(world.row(id)).toMatchObject({ run: 2, state: 'succeeded' });
  expect(world.database.outcomes).toEqual([]);
});

test('a late outcome is refused and forgotten', async () => {
  world = await World.start({ timing: { extendEveryMs: 3_600_000 } });
  const gate = world.path('gate');
  const id = await world.enqueue('until', { gate });
  await world.running(id);
  Object.assign(world.row(id), { run: 2, holder: 'another' });
  await world.open(gate);
  await world.until(() => world.worker.status().running === 0);
  expect(world.row(id)).toMatchObject({ run: 2, state: 'running' });
  expect(world.database.outcomes).toEqual([]);
  expect(world.cached.size).toBe(0);
});

/** What the last run of the task that succeeded has enqueued. */
function followUpsOf(id: string): Message[] {
  const outcome = world.database.outcomes.findLast((one) => one.id === id)?.outcome;
  return outcome?.kind === 'succeeded' ? outcome.followUps.map((body) => decodeMessage(body)) : [];
}
