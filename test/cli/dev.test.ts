import { expect, test, vi } from 'vitest';
import { write } from '../project.ts';
import { serving, sluice } from './cli.ts';
import { ECHO, echoProject } from './echo-project.ts';

async function echo(url: string): Promise<unknown> {
  const { stdout } = await sluice(['enqueue', 'echo', '{"text":"a"}', '--wait', '30s', '--url', url]);
  return JSON.parse(stdout) as unknown;
}

test('takes over a change, and keeps the old code when the new does not build', async () => {
  const folder = echoProject();
  const { url, said } = await serving(['dev'], { cwd: folder });
  expect(await echo(url)).toEqual({ text: 'a' });
  write(folder, 'tasks/echo.ts', ECHO.replace('=> ({ text })', '=> ({ text, changed: true })'));
  await vi.waitFor(() => expect(said()).toContain('reloaded'), 30_000);
  expect(await echo(url)).toEqual({ text: 'a', changed: true });
  write(folder, 'tasks/echo.ts', `${ECHO}\nexport const = 1;`);
  await vi.waitFor(() => expect(said()).toContain('The code from before stays in use'), 30_000);
  expect(said()).toContain('export const = 1;');
  expect(await echo(url)).toEqual({ text: 'a', changed: true });
});

test.each([
  ['throws when it is loaded', "throw new Error('not today');", 'not today'],
  ['does not compile', 'export const = 1;', 'export const = 1;'],
  ['imports what is not installed', "export * from 'less';", 'npm install less'],
  ['defines what can not be used', "export const a = task('Bad', { input: {}, run() {} });", 'Bad'],
])('tells once of a change that %s', async (_, source, reason) => {
  const folder = echoProject();
  const { said } = await serving(['dev'], { cwd: folder, env: { SLUICE_LOG_LEVEL: 'info' } });
  write(folder, 'tasks/echo.ts', `${ECHO}\n${source}`);
  await vi.waitFor(() => expect(said()).toContain('The code from before stays in use.'), 30_000);
  write(folder, 'tasks/echo.ts', ECHO.replace('=> ({ text })', '=> ({ text, mended: true })'));
  await vi.waitFor(() => expect(said()).toContain('reloaded'), 30_000);
  expect(said().split(reason)).toHaveLength(2);
  expect(said().split('stays in use')).toHaveLength(2);
});

test('shows for every task a request that works when pasted', async () => {
  const { url, said } = await serving(['dev'], { cwd: echoProject() });
  await vi.waitFor(() => expect(said().match(/curl /g)).toHaveLength(3), 10_000);
  const [, address = '', body] =
    /curl (\S+\/echo) -H 'content-type: application\/json' -d '(.*)'/.exec(said()) ?? [];
  expect(address).toBe(`${url}/v1/tasks/echo`);
  const reply = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body ?? null,
  });
  expect(reply.status).toBe(202);
});

test('is the same for programs: JSON, and nothing else', async () => {
  const folder = echoProject();
  const options = { cwd: folder, env: { SLUICE_LOG_LEVEL: 'info' } };
  const { url, said, end } = await serving(['dev', '--json'], options);
  expect(JSON.parse(said())).toMatchObject({ url, tasks: ['echo', 'fails', 'slow'] });
  expect((await sluice(['enqueue', 'fails', '--wait', '30s', '--url', url])).code).toBe(7);
  write(folder, 'tasks/echo.ts', `${ECHO}\nexport const = 1;`);
  await vi.waitFor(() => expect(said()).toContain('SLUICE_TASKS_BUILD_FAILED'), 30_000);
  write(folder, 'tasks/echo.ts', ECHO.replace('=> ({ text })', '=> ({ text, changed: true })'));
  await vi.waitFor(() => expect(said()).toContain('reloaded'), 30_000);
  await end('SIGINT');
  const lines = said().trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ url }),
    expect.objectContaining({ task: 'fails', reason: 'no luck' }),
    expect.objectContaining({ code: 'SLUICE_TASKS_BUILD_FAILED' }),
    { reloaded: ['echo', 'fails', 'slow'] },
  ]);
});
