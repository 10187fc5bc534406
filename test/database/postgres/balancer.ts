import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haproxy } from '../../../src/cluster/engines/haproxy.ts';
import { probeTcp } from '../../../src/cluster/engines/tcp-probe.ts';
import { MemberProcess } from '../../../src/cluster/member-process.ts';
import { blocks, page } from '../../docs/markdown.ts';
import { freePort } from '../../engines/free-port.ts';
import { withClient } from './work-load.ts';

const READY_MS = 30_000;

/** A HAProxy before PostgreSQL servers on this machine, with the configuration of docs/drivers/postgres.md. */
export interface Balancer {
  readonly port: string;
  remove(): Promise<void>;
}

export async function startBalancer(ports: readonly string[]): Promise<Balancer> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-balancer-'));
  const port = await freePort();
  const [documented = assert.fail('there is no configuration')] = blocks(
    page('docs/drivers/postgres.md'),
    'haproxy',
  );
  const configuration = documented
    .replace('127.0.0.1:6432', `127.0.0.1:${port}`)
    .replaceAll(/10\.0\.0\.(\d):5432/g, (_all, place: string) => `127.0.0.1:${ports[Number(place) - 1]}`);
  const member = {
    ...haproxy({ name: 'haproxy', folder, port, configuration }),
    probe: () => probeTcp(port),
  };
  const process = new MemberProcess(member, join(folder, 'log'));
  await process.start();
  await process.ready(READY_MS);
  return {
    port: String(port),
    remove: async () => {
      await process.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The user that the checks of the balancer ask as, without a password. */
export async function admitBalancer(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ hba_file: string }>('SHOW hba_file');
    const file = rows[0]?.hba_file ?? assert.fail('there is no pg_hba.conf');
    writeFileSync(file, `host postgres haproxy 127.0.0.1/32 trust\n${readFileSync(file, 'utf8')}`);
    await client.query('CREATE ROLE haproxy LOGIN');
    await client.query('SELECT pg_reload_conf()');
  });
}
