import { expect, test } from 'vitest';
import { type Ran, type RunOptions, serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

async function server(): Promise<(args: readonly string[], options?: RunOptions) => Promise<Ran>> {
  const folder = echoProject();
  const { url } = await serving(['start'], { cwd: folder });
  return (args, options) =>
    sluice(args, { cwd: folder, ...options, env: { SLUICE_URL: url, ...options?.env } });
}

test('queues a task and shows its result', async () => {
  const run = await server();
  const ran = await run(['enqueue', 'echo', '{"text":"hello"}', '--wait', '30s']);
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { text: 'hello' }]);
  const piped = await run(['enqueue', 'echo', '-', '--wait', '30s', '--json'], { input: '{"text":"piped"}' });
  expect(JSON.parse(piped.stdout)).toMatchObject({ status: 'succeeded', result: { text: 'piped' } });
});

test('gives the id of a task on stdout and nothing else', async () => {
  const run = await server();
  const first = await run(['enqueue', 'echo', '{"text":"a"}', '--idempotency-key', 'k-1']);
  expect(first.stdout).toMatch(/^tsk_[\w-]{36}\n$/);
  const again = await run(['enqueue', 'echo', '{"text":"a"}', '--idempotency-key', 'k-1']);
  expect(again.code).toBe(0);
  const other = await run(['enqueue', 'echo', '{"text":"b"}', '--idempotency-key', 'k-1']);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('SLUICE_IDEMPOTENCY_KEY_REUSED');
});

test('tells by the exit code how a call ended', async () => {
  const run = await server();
  const invalid = await run(['enqueue', 'echo', '{"text":1}']);
  expect(invalid.code).toBe(2);
  expect(invalid.stderr).toContain('/text');
  expect((await run(['enqueue', 'unknown'])).code).toBe(3);
  expect((await run(['tasks', 'get', 'tsk_none'])).code).toBe(3);
  const failed = await run(['enqueue', 'fails', '--wait', '30s']);
  expect([failed.code, failed.stdout]).toEqual([7, '']);
  expect(failed.stderr).toContain('no luck');
  const late = await run(['enqueue', 'slow', '--wait', '1ms']);
  expect(late.code).toBe(6);
  expect(late.stderr).toContain('SLUICE_WAIT_TIMEOUT');
  const { code, stderr } = await run(['enqueue', 'slow', '--wait', '1ms', '--json']);
  expect([code, JSON.parse(stderr)]).toMatchObject([6, { code: 'SLUICE_WAIT_TIMEOUT' }]);
});

test.each([
  [
    ['--tag', 'a', '--tag=b', '--tag', 'c'],
    ['a', 'b', 'c'],
  ],
  [['--tag', 'only'], ['only']],
  [[], undefined],
] as const)('gives a task every tag of the line: %j', async (flags, tags) => {
  const run = await server();
  const ran = await run(['enqueue', 'echo', ...flags, '{"text":"a"}', '--delay', '1h', '--json']);
  expect((JSON.parse(ran.stdout) as { tags?: string[] }).tags).toEqual(tags);
});

test('lists, watches and cancels', async () => {
  const run = await server();
  const { stdout } = await run(['enqueue', 'slow', '--delay', '1h', '--tag', 'night']);
  const id = stdout.trim();
  const watch = run(['tasks', 'watch', id, '--json']);
  expect((await run(['tasks', 'cancel', id])).code).toBe(0);
  const watched = await watch;
  const states = watched.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { status: string }).status);
  expect([watched.code, states.at(-1)]).toEqual([7, 'cancelled']);
  expect((await run(['tasks', 'cancel', id])).code).toBe(5);
  const listed = await run(['tasks', 'list', '--state', 'cancelled', '--tag', 'night', '--json']);
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([{ id }]);
  const none = await run(['tasks', 'list', '--state', 'failed', '--json']);
  expect([none.code, none.stdout]).toEqual([0, '']);
});
