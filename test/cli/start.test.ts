import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

test('refuses to let the network in without keys, and lets it in with them', async () => {
  const folder = echoProject({ 'keys.txt': 'shop:key-of-the-shop-0123456789\n' });
  const open = await sluice(['start', '--host', '0.0.0.0', '--port', '0'], { cwd: folder });
  expect(open.code).toBe(2);
  expect(open.stderr).toContain('SLUICE_BIND_UNPROTECTED');
  const { url } = await serving(['start', '--host', '0.0.0.0', '--keys', 'keys.txt'], { cwd: folder });
  const local = url.replace('0.0.0.0', '127.0.0.1');
  const args = ['enqueue', 'echo', '{"text":"a"}', '--url', local];
  expect((await sluice(args)).code).toBe(4);
  expect((await sluice(args, { env: { SLUICE_KEY: 'wrong' } })).code).toBe(4);
  expect((await sluice(args, { env: { SLUICE_KEY: 'key-of-the-shop-0123456789' } })).code).toBe(0);
});

test('says which port is taken, and by which flag another is chosen', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const folder = echoProject();
  const api = await sluice(['start', '--port', port, '--metrics-port', '0'], { cwd: folder });
  expect(api.code).toBe(1);
  expect(api.stderr).toMatch(new RegExp(`Port ${port} .* in use.*--port`));
  const metrics = await sluice(['start', '--port', '0', '--metrics-port', port], { cwd: folder });
  expect(metrics.code).toBe(1);
  expect(metrics.stderr).toMatch(new RegExp(`Port ${port} .* in use.*--metrics-port`));
});

test('leaves a data folder alone that another process uses', async () => {
  const folder = echoProject();
  await serving(['start'], { cwd: folder });
  const second = await sluice(['start', '--port', '0', '--metrics-port', '0'], { cwd: folder });
  expect(second.code).toBe(8);
  expect(second.stderr).toContain('SLUICE_DATA_LOCKED');
});

test('finishes what runs when asked to stop, and keeps what waits for the next start', async () => {
  const folder = echoProject();
  const first = await serving(['start', '--data', join(folder, 'data')], { cwd: folder });
  const { stdout } = await sluice(['enqueue', 'slow', '--url', first.url]);
  const id = stdout.trim();
  const status = async (url: string): Promise<unknown> => {
    const { stdout: shown } = await sluice(['tasks', 'get', id, '--url', url, '--json']);
    return (JSON.parse(shown) as { status: unknown }).status;
  };
  await vi.waitFor(async () => expect(await status(first.url)).toBe('running'), 30_000);
  first.child.kill('SIGINT');
  await vi.waitFor(() => expect(first.said()).toContain('Stopping: what runs has 30 s to end'), 10_000);
  expect(await first.end('SIGINT')).toBe(130);
  const second = await serving(['start', '--data', join(folder, 'data'), '--grace', '0s'], { cwd: folder });
  await vi.waitFor(async () => expect(await status(second.url)).toBe('running'), 30_000);
  expect(await second.end('SIGTERM')).toBe(0);
});
