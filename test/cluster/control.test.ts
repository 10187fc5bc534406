import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { CONTROL_FILE, ControlClient } from '../../src/cluster/control-client.ts';
import { ControlServer } from '../../src/cluster/control-server.ts';
import type { Member } from '../../src/cluster/member.ts';
import { sharedSecrets } from '../../src/cluster/shared-secrets.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-control-'));
  return () => rmSync(folder, { recursive: true });
});

const SLEEPER: Member = {
  name: 'engine-1',
  port: 1,
  stopSignal: 'SIGTERM',
  prepare: () => Promise.resolve(),
  launch: () => ({ command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }),
  probe: () => Promise.resolve(),
};

async function serve(token?: string): Promise<{ onDown: () => void }> {
  const cluster = new Cluster({ tiers: [[SLEEPER]], logFolder: folder });
  await cluster.up();
  const onDown = vi.fn<() => void>();
  const { control } = await sharedSecrets(folder);
  const server = new ControlServer({ cluster, token: token ?? control, onDown });
  const port = await server.listen();
  writeFileSync(join(folder, CONTROL_FILE), JSON.stringify({ port, pid: process.pid }));
  onTestFinished(async () => {
    await server.close();
    await cluster.down();
  });
  return { onDown };
}

it('kills, heals and pauses members, and tells how they are', async () => {
  const { onDown } = await serve();
  const client = new ControlClient(folder);
  expect(await client.members()).toMatchObject([{ name: 'engine-1', state: 'up' }]);
  expect(await client.command('kill', 'engine-1')).toMatchObject([{ state: 'down' }]);
  expect(await client.command('heal', 'engine-1')).toMatchObject([{ state: 'up' }]);
  expect(await client.command('pause', 'engine-1')).toMatchObject([{ state: 'paused' }]);
  await client.down();
  expect(onDown).toHaveBeenCalledOnce();
});

it('names the members there are to one who asks for another', async () => {
  await serve();
  await expect(new ControlClient(folder).command('kill', 'engine-7')).rejects.toMatchObject({
    code: 'SLUICE_MEMBER_UNKNOWN',
    message: 'There is no "engine-7" in this cluster. There are: engine-1.',
  });
});

it('obeys only those who know its token', async () => {
  await serve('the token of another cluster');
  await expect(new ControlClient(folder).command('kill', 'engine-1')).rejects.toMatchObject({
    code: 'SLUICE_CLUSTER_ABSENT',
  });
});

it('says so where no cluster runs', async () => {
  await expect(new ControlClient(folder).members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
  // What a cluster that was killed leaves behind.
  writeFileSync(join(folder, CONTROL_FILE), JSON.stringify({ port: 1, pid: 1 }));
  await expect(new ControlClient(folder).members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
});
