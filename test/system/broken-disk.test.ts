import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../src/testing/eventually.ts';
import { Client, hasEnded } from './client.ts';
import { untilQuiet } from './quiet.ts';
import { Server, type ServerOptions, temporaryFolder } from './server.ts';
import { NO_STRACE, Tracer } from './strace.ts';

const BIG = 'x'.repeat(100_000);
const REFUSALS = 20;
const MEBIBYTE = 2 ** 20;

/**
 * Breaks the disk under a server that has finished, waiting and running tasks; then accepts have to be refused and reads
 * to go on. Once it is mended, accepts have to go on. Returns what was accepted and is not there after a kill.
 */
async function surviving(
  options: ServerOptions,
  {
    breakDisk,
    mend,
  }: { breakDisk: (server: Server) => Promise<void>; mend: (accepted: readonly string[]) => Promise<void> },
): Promise<string[]> {
  const server = await Server.start({ ...options, flags: ['--runners', '1'] });
  const client = new Client(server.url);
  const folder = temporaryFolder();
  const gate = join(folder, 'gate');
  const trace = join(folder, 'trace');
  const finished = await client.accept('echo', 'done before');
  expect((await client.end(finished)).result).toBe('done before');
  const running = await client.accept('gated', { gate, trace });
  await eventually('it runs', () => existsSync(trace));

  await breakDisk(server);
  const accepted: string[] = [finished, running];
  const refusal = await firstRefusal(client, accepted);
  expect(refusal).toEqual({ status: 503, code: 'SLUICE_QUEUE_UNAVAILABLE' });
  for (let refusals = 0; refusals < REFUSALS; refusals += 1) {
    for (const id of accepted) await client.get(id);
    expect(await firstRefusal(client, accepted)).toEqual(refusal);
  }
  expect((await client.get(finished)).result).toBe('done before');
  expect((await client.list('succeeded')).map(({ id }) => id)).toContain(finished);
  expect(await client.probe('/readyz')).toBe(200);
  writeFileSync(gate, '');

  await mend(accepted);
  await eventually('accepts go on', async () => {
    const { status, body } = await client.post('echo', 'after');
    if (status === 202) accepted.push(body.id);
    return status === 202;
  });
  await untilQuiet(server, client);
  for (const id of accepted) expect((await client.get(id)).status).toBe('succeeded');
  expect(server.alive).toBe(true);
  await server.kill();

  const again = await Server.start({ ...options, before: [], flags: ['--runners', '1'] });
  const ends = await Promise.all(accepted.map((id) => new Client(again.url).get(id)));
  return ends.filter((task) => !hasEnded(task)).map(({ id }) => id);
}

async function firstRefusal(client: Client, accepted: string[]): Promise<{ status: number; code: string }> {
  for (;;) {
    const { status, body } = await client.post('echo', BIG);
    if (status !== 202) return { status, code: body.code };
    accepted.push(body.id);
  }
}

const FAILING_SYNCS = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'];

test.skipIf(NO_STRACE)('a disk that does not sync: reads go on, and nothing is lost', async () => {
  let broken: { server: Server; tracer: Tracer } | undefined;
  const lost = await surviving(
    { data: temporaryFolder() },
    {
      breakDisk: async (server) => {
        broken = { server, tracer: await Tracer.attach(server.pid, FAILING_SYNCS) };
      },
      mend: async (accepted) => {
        // Nothing but the two from before: what can not be synced can not be confirmed.
        expect(accepted.length).toBe(2);
        await eventually('opening it fails, too', () => /can not be opened/.test(broken?.server.said ?? ''));
        const lines = await broken?.tracer.detach();
        expect(lines?.filter((line) => line.includes('(INJECTED)')).length).toBeGreaterThan(1);
      },
    },
  );
  expect(lost).toEqual([]);
});

test('files that can not grow: reads go on, and nothing is lost', async () => {
  let limited: Server | undefined;
  const data = temporaryFolder();
  const lost = await surviving(
    { data },
    {
      breakDisk: async (server) => {
        limited = server;
        const size = statSync(join(data, 'sluice.db-wal')).size + 3 * MEBIBYTE;
        execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${size}:`]);
      },
      mend: async () => {
        execFileSync('prlimit', ['--pid', String(limited?.pid), '--fsize=unlimited:']);
      },
    },
  );
  expect(lost).toEqual([]);
});

const MOUNTED = canMount();

function canMount(): boolean {
  const folder = join('/tmp', `sluice-mount-${process.pid}`);
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}

test.skipIf(!MOUNTED)('a full disk: reads go on, and nothing is lost', async () => {
  const folder = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]);
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(18 * MEBIBYTE));
  const lost = await surviving(
    { data: join(folder, 'data') },
    { breakDisk: () => Promise.resolve(), mend: async () => rmSync(ballast) },
  );
  expect(lost).toEqual([]);
});
