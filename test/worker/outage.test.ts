import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.ts';

let world: World;

afterEach(async () => world.close());

test('while the database is away nothing is lost, and no attempt is charged', async () => {
  world = await World.start({ concurrency: 10 });
  const gate = world.path('gate');
  const running = await world.enqueueMany('until', 5, { gate });
  await world.running(...running);
  world.database.away = true;
  await world.open(gate);
  const accepted = await world.enqueueMany('pause', 50);
  await world.until(() => !world.worker.status().consuming && world.queue.consumers === 0);
  await world.until(() => world.logged.some(({ message }) => message.includes('does not take the outcomes')));
  expect(world.worker.status().running).toBe(5);
  world.database.away = false;
  await world.ended(...running, ...accepted);
  const rows = [...running, ...accepted].map((id) => world.row(id));
  expect(rows).toMatchObject(rows.map(() => ({ state: 'succeeded', run: 1, attempts: 0, crashes: 0 })));
  expect(world.worker.status().consuming).toBe(true);
});

test('a worker that starts while the database is away says so once, and waits for it', async () => {
  world = await World.idle();
  world.database.away = true;
  const id = await world.enqueue('echo', 1);
  await world.work();
  const told = () => world.logged.filter(({ message }) => message.includes('no tasks can be taken yet'));
  await world.until(() => told().length >= 3);
  expect(told().filter(({ level }) => level === 'warn')).toHaveLength(1);
  world.database.away = false;
  await world.ended(id);
  expect(world.row(id)).toMatchObject({ state: 'succeeded', run: 1 });
});

test('a worker that stops lets what runs come to its end', async () => {
  world = await World.start({ concurrency: 4 });
  const gate = world.path('gate');
  const ids = await world.enqueueMany('until', 10, { gate });
  await world.until(() => world.worker.status().running === 4);
  const closed = world.worker.close(3_600_000);
  await world.until(() => world.queue.consumers === 0);
  await world.open(gate);
  await closed;
  const states = ids.map((id) => world.database.rows.get(id)?.state);
  expect(states.filter((state) => state === 'succeeded')).toHaveLength(4);
  expect(states.filter((state) => state === undefined)).toHaveLength(6);
});

test('what does not end within the grace is handed back uncharged', async () => {
  world = await World.start();
  const trace = world.path('trace');
  const deaf = world.path('deaf');
  const ids = [await world.enqueue('obedient', { trace }), await world.enqueue('deaf', { trace: deaf })];
  await world.running(...ids);
  await world.until(() => existsSync(trace) && existsSync(deaf));
  world.database.takeDue = () => [];
  await world.worker.close(0);
  expect(await readFile(trace, 'utf8')).toContain('shutdown');
  expect(ids.map((id) => world.row(id))).toMatchObject(
    ids.map(() => ({ state: 'scheduled', run: 1, attempts: 0, crashes: 0, outcome: { kind: 'returned' } })),
  );
  expect(world.worker.status()).toMatchObject({ running: 0, runners: [] });
});
