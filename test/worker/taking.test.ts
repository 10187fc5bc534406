import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { QUARANTINE } from '../../src/worker/intake/quarantine.ts';
import { WAIT, World } from './world.ts';

const NORMAL = { queue: 'default', priority: 'normal', lane: 0 } as const;

let world: World;

afterEach(async () => {
  vi.useRealTimers();
  await world.close();
});

test('takes no more than there are slots; the rest stays unacknowledged', async () => {
  world = await World.start({ concurrency: 3 });
  const gate = world.path('gate');
  const ids = await world.enqueueMany('until', 10, { gate });
  await world.until(() => world.worker.status().running === 3);
  expect(world.database.rows.size).toBe(3);
  await world.until(() => world.queue.bodies(NORMAL).length === 7);
  await world.open(gate);
  await world.ended(...ids);
  expect(world.queue.bodies(NORMAL)).toEqual([]);
});

test('takes more of the urgent, but starves nobody', async () => {
  world = await World.idle();
  const batch = (priority: 'high' | 'normal' | 'low'): Promise<string>[] =>
    Array.from({ length: 100 }, async () => world.enqueue('echo', 1, { priority }));
  await Promise.all([...batch('high'), ...batch('normal'), ...batch('low')]);
  await world.work({ concurrency: 1 });
  await world.until(() => world.database.rows.size >= 100);
  const first = [...world.database.rows.values()].slice(0, 100).map(({ message }) => message.priority);
  const count = (priority: string): number => first.filter((one) => one === priority).length;
  expect(count('high')).toBeGreaterThan(count('normal'));
  expect(count('normal')).toBeGreaterThan(count('low'));
  expect(count('low')).toBeGreaterThanOrEqual(5);
});

test('half of its slots are enough for a claim; for less it rests after one that took long', async () => {
  world = await World.start({ concurrency: 4 });
  const claimed = claimsOf(world);
  const first = await world.enqueue('echo');
  await turnsUntil(() => world.database.rows.get(first)?.state === 'succeeded');
  await world.enqueue('echo');
  for (let turns = 0; turns < 100; turns += 1) await turn();
  expect(claimed).toEqual([1]);
  await world.enqueue('echo');
  await turnsUntil(() => claimed.length > 1);
  expect(claimed).toEqual([1, 2]);
});

test('slots that are held for long do not count for what is enough', async () => {
  world = await World.start({ concurrency: 4 });
  const gate = world.path('gate');
  await world.running(...(await world.enqueueMany('until', 2, { gate })));
  const claimed = claimsOf(world);
  await world.enqueue('echo');
  await turnsUntil(() => claimed.length === 1);
  await world.enqueue('echo');
  await turnsUntil(() => claimed.length === 2);
  expect(claimed).toEqual([1, 1]);
  vi.useRealTimers();
  await world.open(gate);
});

test('a message that comes twice runs once', async () => {
  world = await World.start();
  const message = world.message('echo', 1);
  await world.publish([message, message, message]);
  await world.ended(message.id);
  await world.until(() => world.queue.bodies(NORMAL).length === 0);
  expect(world.row(message.id).run).toBe(1);
});

test('tells the reconciliation what it has been given', async () => {
  world = await World.start();
  const id = await world.enqueue('echo', 1, { publishedAt: 12_345 });
  await world.ended(id);
  expect(world.watermarks.of(NORMAL)).toBe(12_345);
});

test('a task that is not defined here is parked, and the worker says so', async () => {
  world = await World.start();
  const id = world.message('elsewhere');
  await world.publish([id]);
  await world.until(() => world.database.rows.get(id.id)?.state === 'scheduled');
  expect(world.row(id.id)).toMatchObject({ run: 0, error: { code: 'SLUICE_TASK_NOT_HERE' } });
  expect(world.row(id.id).park).toMatchObject({ forMs: 30_000, atMostMs: 600_000 });
  expect(world.worker.status().missingTasks).toEqual(['elsewhere']);
});

test('a message that can not be claimed goes into quarantine, and those beside it run', async () => {
  world = await World.idle();
  const ids = await world.enqueueMany('echo', 9, 1);
  const poison = ids[4] ?? '';
  world.database.poison = (id) => id === poison;
  await world.work();
  const others = ids.filter((id) => id !== poison);
  await world.ended(...others);
  await world.until(() => world.queue.bodies(NORMAL).length === 0);
  expect(world.queue.bodies(QUARANTINE)).toHaveLength(1);
  expect(world.database.rejections).toMatchObject([
    { id: { text: poison }, tenant: 'default', task: 'echo', error: { code: 'SLUICE_MESSAGE_INVALID' } },
  ]);
  expect(world.worker.status().quarantined).toBe(1);
});

test('a message of another format goes into quarantine, and its task is told where it can be read', async () => {
  world = await World.start();
  const { id } = world.message('echo');
  const newer = JSON.stringify({ v: 99, id, tenant: 'default', task: 'echo' });
  await world.queue.publish([
    { address: NORMAL, body: `${newer}\n{}` },
    { address: NORMAL, body: 'no message at all' },
  ]);
  await world.until(() => world.worker.status().quarantined === 2);
  expect(world.queue.bodies(QUARANTINE)).toEqual(
    expect.arrayContaining([`${newer}\n{}`, 'no message at all']),
  );
  expect(world.database.rejections.map((rejection) => rejection.id.text)).toEqual([id]);
});

test('an outcome that the database can not take does not hold up the others', async () => {
  world = await World.start();
  const gate = world.path('gate');
  const ids = await world.enqueueMany('until', 5, { gate });
  await world.running(...ids);
  const [poison = '', ...others] = ids;
  world.database.poison = (id) => id === poison;
  await world.open(gate);
  await world.ended(...others);
  await world.until(() => world.worker.status().running === 0);
  expect(world.row(poison).state).toBe('running');
});

/** How many each claim takes from now on. Time stands still, but that each of them takes long. */
function claimsOf({ database }: World): number[] {
  const claimed: number[] = [];
  const claim = database.claim.bind(database);
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  database.claim = async (claims, lease) => {
    claimed.push(claims.length);
    vi.advanceTimersByTime(50);
    return claim(claims, lease);
  };
  return claimed;
}

/** Waits while timers stand still. */
async function turnsUntil(condition: () => boolean): Promise<void> {
  const end = Date.now() + WAIT.timeout;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not come about');
    await turn();
  }
}
