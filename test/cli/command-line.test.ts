import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sluice } from './cli.ts';

const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

test('tells its version without loading anything else', async () => {
  expect(await sluice(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
});

test('shows what there is on stdout when asked, on every level', async () => {
  for (const [args, word] of [
    [['--help'], 'doctor'],
    [['--help'], '--version'],
    [['tasks', '--help'], 'cancel'],
    [['tasks', 'list', '--help'], '--cursor'],
    [['start', '-h'], '--require-durable'],
  ] as const) {
    const { code, stdout, stderr } = await sluice(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(word);
    expect(stdout).not.toContain('\u001b');
  }
});

test.each([
  [[], 'Name a command'],
  [['frob'], 'There is no command "frob"'],
  [['tasks'], 'Say what to do'],
  [['tasks', 'frob'], 'There is no command "frob"'],
  [['start', '--prot', '1'], 'There is no option --prot'],
  [['start', '--port'], 'The option --port takes a value'],
  [['enqueue', 'hello', '--tag=', '--tag', 'a'], 'The option --tag takes a value'],
  [['enqueue', 'hello', '--tag', '--json'], 'The option --tag takes a value'],
  [['enqueue', 'hello', '--tag', 'a', '--tag'], 'The option --tag takes a value'],
  [['start', 'a', 'b'], 'There is nothing to do with "b"'],
  [['tasks', 'get'], 'Missing required positional argument: ID'],
  [['start', '--port', 'http'], '--port is "http"; it has to be a whole number'],
  [['enqueue', 'Bad!'], '"Bad!" is no name of a task'],
  [['enqueue', 'hello', '{"a"'], 'The body is not valid JSON'],
  [['enqueue', 'hello', '@none.json'], 'The file none.json can not be read'],
] as const)('refuses %j with exit code 2, saying why on stderr', async (args, reason) => {
  const { code, stdout, stderr } = await sluice(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(reason);
});

test('writes a failure as a problem document with --json', async () => {
  const { code, stderr } = await sluice(['tasks', 'list', '--json', '--url', 'http://127.0.0.1:1']);
  expect(code).toBe(8);
  expect(JSON.parse(stderr)).toMatchObject({
    code: 'SLUICE_SERVER_UNREACHABLE',
    title: 'Server unreachable',
  });
});

test('uses colours only where they are wanted', async () => {
  const coloured = await sluice(['frob'], { env: { FORCE_COLOR: '1', NO_COLOR: '' } });
  expect(coloured.stderr).toContain('\u001b[31m');
  const refused = await sluice(['frob', '--no-color'], { env: { FORCE_COLOR: '1', NO_COLOR: '' } });
  expect(refused.stderr).not.toContain('\u001b');
  const both = await sluice(['frob'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  expect(both.stderr).not.toContain('\u001b');
  expect((await sluice(['frob'], { env: { NO_COLOR: '' } })).stderr).not.toContain('\u001b');
});
