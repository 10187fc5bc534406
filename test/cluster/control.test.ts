import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { ControlClient } from '../../src/cluster/control-client.ts';
import { claimControl } from '../../src/cluster/control-file.ts';
import { ControlServer } from '../../src/cluster/control-server.ts';
import type { Member } from '../../src/cluster/member.ts';
import { identify } from '../../src/cluster/process-identity.ts';
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

async function serve(token?: string): Promise<ControlServer> {
  const cluster = new Cluster({ tiers: [[SLEEPER]], folder });
  onTestFinished(() => cluster.down());
  await cluster.up();
  const { control } = await sharedSecrets(folder);
  const server = new ControlServer({ cluster, folder, token: token ?? control });
  await server.open();
  onTestFinished(() => server.close());
  return server;
}

/** Something that listens where the control of a cluster is said to. */
async function pretend(listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  claimControl(folder, { port: (server.address() as AddressInfo).port, ...identify(process.pid) });
}

it('kills, heals and pauses members, and tells how they are', async () => {
  const server = await serve();
  const client = new ControlClient(folder);
  expect(await client.members()).toMatchObject([{ name: 'engine-1', state: 'up' }]);
  expect(await client.command('kill', 'engine-1')).toMatchObject([{ state: 'down' }]);
  expect(await client.command('heal', 'engine-1')).toMatchObject([{ state: 'up' }]);
  expect(await client.command('pause', 'engine-1')).toMatchObject([{ state: 'paused' }]);
  await client.down();
  await server.downRequested;
});

it.each(['engine-7', 'engine 1', '../engine-1', '%'])(
  'names the members there are to one who asks for %s',
  async (name) => {
    await serve();
    await expect(new ControlClient(folder).command('kill', name)).rejects.toMatchObject({
      code: 'SLUICE_MEMBER_UNKNOWN',
      message: `There is no "${name}" in this cluster. There are: engine-1.`,
    });
  },
);

it('says why a member is not paused', async () => {
  await serve();
  const client = new ControlClient(folder);
  await client.command('kill', 'engine-1');
  await expect(client.command('pause', 'engine-1')).rejects.toMatchObject({ code: 'SLUICE_MEMBER_NOT_UP' });
});

it('obeys only those who know its token', async () => {
  await serve('the token of another cluster');
  await expect(new ControlClient(folder).command('kill', 'engine-1')).rejects.toMatchObject({
    code: 'SLUICE_CLUSTER_ABSENT',
  });
});

it('runs once in a folder', async () => {
  const server = await serve();
  await expect(serve()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_RUNNING' });
  expect(await new ControlClient(folder).members()).toHaveLength(1);
  await server.close();
  await serve();
});

it('says so where no cluster runs', async () => {
  const client = new ControlClient(folder);
  await expect(client.members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
  writeFileSync(join(folder, 'control.json'), '{"port":');
  await expect(client.members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
  // What a cluster that was killed leaves behind; its number is another's now.
  const address = { port: 1, pid: process.pid, began: 'in the year before' };
  writeFileSync(join(folder, 'control.json'), JSON.stringify(address));
  await expect(client.members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
});

it('takes no other server for a cluster', async () => {
  await pretend((_request, response) => response.writeHead(404).end('<h1>Not found</h1>'));
  await expect(new ControlClient(folder).members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
});

it('tells of a cluster that does not answer, such as one that was stopped with Ctrl-Z', async () => {
  await pretend(() => undefined);
  await expect(new ControlClient(folder, 100).members()).rejects.toMatchObject({
    code: 'SLUICE_CLUSTER_SILENT',
    data: { pid: process.pid },
  });
});
