import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { eventually } from '../../src/testing/eventually.ts';
import { Client } from './client.ts';
import { Server, TASKS, temporaryFolder } from './server.ts';

const FLAGS = ['--runners', '1'];
const SERVE = fileURLToPath(new URL('./serve.mjs', import.meta.url));

let data: string;
let gate: string;
let trace: string;

beforeEach(() => {
  data = temporaryFolder();
  const folder = temporaryFolder();
  gate = join(folder, 'gate');
  trace = join(folder, 'trace');
});

async function start(...flags: string[]): Promise<{ server: Server; client: Client }> {
  const server = await Server.start({ data, flags: [...FLAGS, ...flags] });
  return { server, client: new Client(server.url) };
}

/** What the runs have noted, in their order. */
function noted(): string[] {
  return existsSync(trace) ? readFileSync(trace, 'utf8').split('\n').slice(0, -1) : [];
}

function openGate(): void {
  writeFileSync(gate, '');
}

test('what ran when the server was killed runs again at once, uncharged', async () => {
  const first = await start();
  const ids = await Promise.all([1, 2, 3].map(() => first.client.accept('gated', { gate, trace })));
  await eventually('all run', () => noted().length === 3);
  await first.server.kill();
  const second = await start();
  for (const id of ids) expect((await second.client.get(id)).interruptions).toBe(1);
  await eventually('all run again, together', () => noted().length === 6);
  openGate();
  for (const id of ids) {
    expect(await second.client.end(id)).toMatchObject({
      status: 'succeeded',
      run: 2,
      crashes: 0,
      interruptions: 1,
      attempts: 0,
    });
  }
  expect(noted().toSorted()).toEqual([...ids, ...ids].map((id) => `${id} 1`).toSorted());
});

test('a long task outlives more kills of its server than crashes that it may have', async () => {
  let system = await start();
  const id = await system.client.accept('gated', { gate, trace });
  for (let kills = 1; kills <= 3; kills += 1) {
    await eventually('it runs', () => noted().length === kills);
    await system.server.kill();
    system = await start();
  }
  await eventually('it runs once more', () => noted().length === 4);
  openGate();
  expect(await system.client.end(id)).toMatchObject({
    status: 'succeeded',
    run: 4,
    attempts: 0,
    crashes: 0,
    interruptions: 3,
  });
});

test('a task that kills its server each time fails in the end, and what ran beside it succeeds', async () => {
  const options = { tasks: TASKS, data, runners: 1, limits: { interruptionLimit: 3 } };
  const command = [process.execPath, SERVE, JSON.stringify(options)];
  let server = await Server.start({ data, command });
  let client = new Client(server.url);
  const innocent = await client.accept('gated', { gate, trace });
  await eventually('it runs', () => noted().length === 1);
  const now = `${gate}-of-the-guilty`;
  const guilty = await client.accept('kill-server', now);
  for (let kills = 1; kills <= 3; kills += 1) {
    if (kills === 3) openGate();
    writeFileSync(now, '');
    await eventually('it has killed its server', () => !server.alive);
    rmSync(now);
    server = await Server.start({ data, command });
    client = new Client(server.url);
  }
  expect(await client.end(guilty)).toMatchObject({
    status: 'failed',
    error: { code: 'SLUICE_TASK_CRASHED' },
    crashes: 0,
    interruptions: 3,
  });
  expect(await client.end(innocent)).toMatchObject({ status: 'succeeded', crashes: 0 });
  expect(server.alive).toBe(true);
});

test('what runs when the server is asked to stop is handed back uncharged', async () => {
  const first = await start('--grace', '0s');
  const id = await first.client.accept('gated', { gate, trace });
  await eventually('it runs', () => noted().length === 1);
  expect(await first.server.stop()).toBe(0);
  const second = await start();
  await eventually('it runs again', () => noted().length === 2);
  expect(await second.client.get(id)).toMatchObject({ status: 'running', run: 2, crashes: 0, attempts: 0 });
  openGate();
  expect(await second.client.end(id)).toMatchObject({ status: 'succeeded', run: 2, crashes: 0, attempts: 0 });
});

test('a retry that waits for its time survives a kill, with its attempts', async () => {
  const first = await start();
  const id = await first.client.accept('stubborn', { gate, trace });
  let refused = 0;
  await eventually('it waits to be tried again', async () => {
    const { status, attempts } = await first.client.get(id);
    refused = attempts;
    return status === 'scheduled' && attempts > 0;
  });
  await first.server.kill();
  const before = noted().length;
  const second = await start();
  await eventually('it is tried again', () => noted().length > before);
  openGate();
  const end = await second.client.end(id);
  expect(end.status).toBe('succeeded');
  expect(end.attempts).toBeGreaterThan(refused);
  expect(end.result).toBe(end.attempts + 1);
});

test('a delayed task survives a kill, and runs after its time', async () => {
  const first = await start();
  const before = Date.now();
  const soon = await first.client.accept('echo', 'soon', { query: { delay: '4s' } });
  const late = await first.client.accept('echo', 'late', { query: { delay: '12h' } });
  await eventually('both wait', async () => (await first.client.list('scheduled')).length === 2);
  await first.server.kill();
  const second = await start();
  const end = await second.client.end(soon);
  expect(end).toMatchObject({ status: 'succeeded', run: 1, crashes: 0 });
  expect(Date.parse(end.finishedAt ?? '') - before).toBeGreaterThanOrEqual(4000);
  expect(await second.client.get(late)).toMatchObject({ status: 'scheduled', run: 0 });
});

test('tasks of one key go on one after another when the one that ran was killed', async () => {
  const first = await start();
  const ids: string[] = [];
  for (let number = 0; number < 3; number += 1) {
    ids.push(await first.client.accept('ordered', { gate, trace }, { query: { key: 'k' } }));
    if (number === 0) await eventually('the first runs', () => noted().length === 1);
  }
  await eventually('the others wait for it', async () => (await first.client.list('blocked')).length === 2);
  await first.server.kill();
  const second = await start();
  await eventually('the first runs again', () => noted().length === 2);
  expect((await second.client.list('blocked')).length).toBe(2);
  openGate();
  for (const id of ids) expect((await second.client.end(id)).status).toBe('succeeded');
  expect(noted().map((line) => line.split(' ')[0])).toEqual([ids[0], ...ids]);
  rmSync(gate);
});
