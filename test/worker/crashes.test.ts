import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { lives } from './process-lives.ts';
import { TASKS, WAIT, World } from './world.ts';

let world: World;

afterEach(async () => world.close());

test('a runner that dies is charged to all it held; then each runs alone, and only the guilty is charged again', async () => {
  world = await World.start({ runners: 1, limits: { crashLimit: 3 }, timing: { soloIdleMs: 100 } });
  const gate = world.path('gate');
  const trace = world.path('trace');
  const innocent: string[] = [];
  for (let count = 0; count < 5; count += 1) innocent.push(await world.enqueue('until', { gate, trace }));
  await world.running(...innocent);
  await world.until(() => existsSync(trace));
  const guilty = await world.enqueue('process-exit');
  await world.until(() => world.row(guilty).crashes >= 1 && innocent.every((id) => world.row(id).run === 2));
  await world.open(gate);
  await world.ended(guilty, ...innocent);
  expect(world.row(guilty)).toMatchObject({ state: 'failed', crashes: 3, attempts: 0 });
  expect(innocent.map((id) => world.row(id))).toMatchObject(
    innocent.map(() => ({ state: 'succeeded', crashes: 1, attempts: 0, run: 2 })),
  );
  await world.until(() => world.worker.status().runners.length === 1);
});

test('a task that waits to run alone has not begun, and does not begin while the database is away', async () => {
  world = await World.start({ runners: 1 });
  const gate = world.path('gate');
  const innocent = await world.enqueueMany('until', 2, { gate });
  await world.running(...innocent);
  const pid = world.worker.status().runners[0]?.pid;
  if (pid === undefined) throw new Error('there is no runner');
  process.kill(pid, 'SIGKILL');
  const begun = (): string[] => [...world.database.begun];
  await world.until(() => innocent.every((id) => world.row(id).run === 2) && begun().length > 0);
  const [first, ...others] = begun();
  expect(innocent).toContain(first);
  expect(others).toEqual([]);
  world.database.away = true;
  await world.open(gate);
  await world.until(() => world.logged.some(({ message }) => message === 'leases could not be extended'));
  expect(begun()).toEqual([first]);
  world.database.away = false;
  await world.ended(...innocent);
  expect(begun().toSorted()).toEqual(innocent.toSorted());
});

test('a timeout that a blocked loop brings about is charged to the task that blocks it, and to no other', async () => {
  world = await World.start({ runners: 1, timing: { answerMs: 3000, abortGraceMs: 2000 } });
  const gate = world.path('gate');
  const innocent = await world.enqueueMany('until-in-time', 3, { gate });
  await world.running(...innocent);
  const guilty = await world.enqueue('endless-loop');
  await world.running(guilty);
  await world.open(gate);
  await world.ended(guilty, ...innocent);
  expect(world.row(guilty)).toMatchObject({ state: 'failed', attempts: 1 });
  expect(world.row(guilty).error).toMatchObject({ code: 'SLUICE_TASK_TIMEOUT' });
  for (const id of innocent) {
    expect(world.row(id)).toMatchObject({ state: 'succeeded', attempts: 0, crashes: 1 });
  }
});

test('a runner with a blocked loop gets no more work', async () => {
  world = await World.start({ timing: { answerMs: 100 } });
  const blocked = await world.enqueue('long-endless-loop');
  // On a busy machine another may be late with its answer too.
  await world.until(() => world.worker.status().runners.some(({ answers, runs }) => !answers && runs > 0));
  const ids = await world.enqueueMany('pause', 30);
  await world.ended(...ids);
  expect(world.row(blocked).state).toBe('running');
});

test('processes that a handler has started end with its runner', async () => {
  world = await World.start();
  const file = world.path('pid');
  const id = await world.enqueue('exec-sync', { file });
  await world.ended(id);
  const pid = Number(await readFile(file, 'utf8'));
  expect(pid).toBeGreaterThan(0);
  await vi.waitFor(() => expect(lives(pid)).toBe(false), WAIT);
});

test('handlers that do not stop do not fill the machine with processes', async () => {
  world = await World.start({ runners: 1, concurrency: 50, timing: { abortGraceMs: 50 } });
  const gate = world.path('gate');
  let most = 0;
  const deaf: string[] = [];
  const beside: string[] = [];
  for (let count = 0; count < 6; count += 1) {
    beside.push(await world.enqueue('until', { gate }));
    await world.running(...beside);
    const id = await world.enqueue('never-resolving');
    deaf.push(id);
    await world.ended(id);
    most = Math.max(most, world.worker.status().runners.length);
  }
  await world.open(gate);
  await world.ended(...beside);
  // The one that works and its successor, two that are stuck, and one on its way out.
  expect(most).toBeLessThanOrEqual(5);
  expect(beside.map((id) => world.row(id))).toMatchObject(beside.map(() => ({ attempts: 0, crashes: 0 })));
});

test('a reload has new runs executed by the new code, while what runs goes on with the old', async () => {
  world = await World.start();
  const gate = world.path('gate');
  const old = await world.enqueue('until', { gate });
  await world.running(old);
  const next = world.path('next.mjs');
  const source = (await readFile(TASKS, 'utf8')).replace(
    "'sluice'",
    JSON.stringify(import.meta.resolve('sluice')),
  );
  await writeFile(next, `${source}\nexport const more = define('more', () => 'new');\n`);
  const manifest = await world.worker.reload(next);
  expect(manifest.tasks.map(({ name }) => name)).toContain('more');
  const added = await world.enqueue('more');
  await world.ended(added);
  expect(world.row(old).state).toBe('running');
  await world.open(gate);
  await world.ended(old);
  expect(world.row(old)).toMatchObject({ state: 'succeeded', run: 1 });
  await world.until(() => world.worker.status().runners.length === 2);
});

test('a task that waits to run alone is parked when a reload has removed its definition', async () => {
  world = await World.start({ runners: 1 });
  const gate = world.path('gate');
  const held = await world.enqueueMany('until', 2, { gate });
  await world.running(...held);
  const pid = world.worker.status().runners[0]?.pid;
  if (pid === undefined) throw new Error('there is no runner');
  process.kill(pid, 'SIGKILL');
  await world.until(() => held.every((id) => world.row(id).run === 2) && world.database.begun.length > 0);
  const module = world.path('others.mjs');
  const sluice = JSON.stringify(import.meta.resolve('sluice'));
  await writeFile(
    module,
    `import { task } from ${sluice};\nexport const other = task('other', { input: {}, run: () => 1 });`,
  );
  await world.worker.reload(module);
  const [first = '', second = ''] = held.toSorted((one) => (one === world.database.begun[0] ? -1 : 1));
  await world.until(() => world.row(second).park !== undefined);
  expect(world.row(second)).toMatchObject({ state: 'scheduled', run: 2, attempts: 0, crashes: 1 });
  expect(world.worker.status()).toMatchObject({ running: 1, waitingAlone: 0, missingTasks: ['until'] });
  await world.open(gate);
  await world.ended(first);
  expect(world.row(first)).toMatchObject({ state: 'succeeded', attempts: 0, crashes: 1 });
});

test('code that can not be loaded leaves the old in place', async () => {
  world = await World.start();
  const broken = world.path('broken.mjs');
  await writeFile(broken, 'throw new Error("not today");');
  await expect(world.worker.reload(broken)).rejects.toMatchObject({
    code: 'SLUICE_TASKS_LOAD_FAILED',
    message: expect.stringContaining('not today'),
  });
  await writeFile(broken, 'process.exit(3);');
  await expect(world.worker.reload(broken)).rejects.toMatchObject({
    message: expect.stringContaining('exit code 3'),
  });
  const id = await world.enqueue('echo', 1);
  await world.ended(id);
  await world.until(() => world.worker.status().runners.length === 2);
});

test('a module that stops to load is tried again, and the worker says so', async () => {
  world = await World.idle();
  const broken = world.path('broken');
  const module = world.path('tasks.mjs');
  const sluice = JSON.stringify(import.meta.resolve('sluice'));
  await writeFile(
    module,
    `import { existsSync } from 'node:fs';
     import { task } from ${sluice};
     if (existsSync(${JSON.stringify(broken)})) process.exit(1);
     export const die = task('die', { input: {}, run: () => process.exit(1) });
     export const live = task('live', { input: {}, run: () => 1 });`,
  );
  await world.work({ module, runners: 1, limits: { crashLimit: 1 } });
  await writeFile(broken, '');
  const fatal = await world.enqueue('die');
  await world.ended(fatal);
  const id = await world.enqueue('live');
  await world.until(
    () => world.logged.filter(({ message }) => message.includes('could not load')).length >= 3,
  );
  await rm(broken);
  await world.ended(id);
  expect(world.row(id).state).toBe('succeeded');
});
