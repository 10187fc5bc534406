import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FromRunner, ToRunner } from '../../src/core/run-protocol.ts';

const ENTRY = new URL('../../dist/runner/main.js', import.meta.url);
const SLUICE = JSON.stringify(import.meta.resolve('sluice'));

let folder: string;
let runner: ChildProcess;
let told: FromRunner[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-runner-'));
  told = [];
  runner = fork(ENTRY, [], { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] });
  runner.on('message', (batch: FromRunner[]) => told.push(...batch));
});

afterEach(async () => {
  runner.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function load(source: string, ...more: ToRunner[]): Promise<void> {
  const module = join(folder, 'tasks.mjs');
  await writeFile(module, `import { task } from ${SLUICE};\n${source}`);
  const limits = { maxResultBytes: 1000, maxBodyBytes: 100 };
  runner.send([
    { kind: 'load', module, secrets: ['a secret for tests, long enough to do'], ...limits },
    ...more,
  ]);
}

async function until<K extends FromRunner['kind']>(kind: K): Promise<Extract<FromRunner, { kind: K }>> {
  for (;;) {
    const found = told.find((message) => message.kind === kind);
    if (found) return found as Extract<FromRunner, { kind: K }>;
    await once(runner, 'message');
  }
}

function start(task: string): ToRunner {
  const id = `tsk_${task}`;
  const run = { id, run: 1, tenant: 'default', task, attempt: 1, idempotencyKey: id, input: '{}' };
  return { kind: 'start', runs: [run] };
}

test('stands back, so that whoever accepts goes before it', async () => {
  await load('export const echo = task("echo", { input: {}, run: (value) => value })');
  await until('ready');
  expect(getPriority(runner.pid)).toBe(Math.max(getPriority(), 5));
});

test.each([
  ['throws', 'throw new TypeError("not today")', 'SLUICE_TASKS_LOAD_FAILED', 'TypeError: not today'],
  ['does not parse', 'export const = 1', 'SLUICE_TASKS_LOAD_FAILED', 'SyntaxError'],
  ['exports no task', 'export const one = 1', 'SLUICE_TASKS_MISSING', 'tasks.mjs'],
  [
    'defines a task badly',
    'export const bad = task("Bad Name", { input: {}, run() {} })',
    'SLUICE_DEFINITION_INVALID',
    'Bad Name',
  ],
  [
    'defines a name twice',
    'export const a = task("x", { input: {}, run() {} }); export const b = task("x", { input: {}, run() {} })',
    'SLUICE_DEFINITION_DUPLICATE',
    '"second":"b"',
  ],
  [
    'has a schema that JSON does not know',
    `export const a = task("x", { input: { "~standard": { version: 1, vendor: "odd", validate: (value) => ({ value }) } }, run() {} })`,
    'SLUICE_SCHEMA_UNSUPPORTED',
    'odd',
  ],
  [
    'imports a package that imports what is not installed',
    'import "missing-one/deep.js"; export const a = task("x", { input: {}, run() {} })',
    'SLUICE_PACKAGE_MISSING',
    '"packages":"missing-one"',
  ],
  [
    'requires what is not installed',
    `import { createRequire } from "node:module"; createRequire(import.meta.url)("@missing/two/deep.js");`,
    'SLUICE_PACKAGE_MISSING',
    '"packages":"@missing/two"',
  ],
])('a module that %s is refused with the reason', async (_, source, code, reason) => {
  await load(source);
  const refused = await until('refused');
  expect(refused.code).toBe(code);
  expect(JSON.stringify(refused.data)).toContain(reason);
});

test('a module that throws is refused with the lines of the sources only', async () => {
  await load('function fails() { throw new TypeError("not today"); }\nfails();');
  const { data } = await until('refused');
  const frames = String(data['reason']).split('\n').slice(1);
  expect(frames).toHaveLength(2);
  for (const frame of frames) expect(frame).toContain(join(folder, 'tasks.mjs'));
});

test('a module is loaded once, and the runner answers', async () => {
  await load('export default task("hello", { input: {}, run: () => "hi" })', start('hello'), {
    kind: 'ping',
    number: 7,
  });
  expect((await until('ready')).manifest).toMatchObject({ format: 1, tasks: [{ name: 'hello' }] });
  expect(await until('pong')).toEqual({ kind: 'pong', number: 7 });
  const { runs } = await until('ended');
  expect(runs).toMatchObject([{ id: 'tsk_hello', run: 1, end: { kind: 'returned', result: '"hi"' } }]);
});

test('what has ended in the turn that ends the process is told', async () => {
  await load(
    `export const good = task("good", { input: {}, run: () => 1 });
     export const bad = task("bad", { input: {}, run: () => setImmediate(() => process.exit(0)) && new Promise(() => {}) });`,
    start('bad'),
    start('good'),
  );
  const { runs } = await until('ended');
  expect(runs.map(({ id }) => id)).toEqual(['tsk_good']);
});

test('an error that nobody catches is told before the process ends', async () => {
  await load(
    'export const a = task("a", { input: {}, run: () => { setTimeout(() => { throw new Error("late"); }); return new Promise(() => {}); } })',
    start('a'),
  );
  expect(await until('dying')).toMatchObject({ error: { message: expect.stringContaining('late') } });
  if (runner.exitCode === null) await once(runner, 'exit');
  expect(runner.exitCode).toBe(1);
});

test('the channel to the worker is out of reach for handlers', async () => {
  await load('export const a = task("a", { input: {}, run: () => typeof process.send })', start('a'));
  const { runs } = await until('ended');
  expect(runs).toMatchObject([{ end: { result: '"undefined"' } }]);
});

test('signals that a supervisor sends to all processes do not end it, the end of its worker does', async () => {
  await load('export const a = task("a", { input: {}, run: () => 1 })');
  await until('ready');
  runner.kill('SIGTERM');
  runner.kill('SIGINT');
  runner.send([{ kind: 'ping', number: 1 }]);
  await until('pong');
  const exit = once(runner, 'exit');
  runner.disconnect();
  expect(await exit).toEqual([0, null]);
});
