import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgres, postgresUrl } from '../../../src/cluster/engines/postgres.ts';
import { MemberProcess } from '../../../src/cluster/member-process.ts';
import { freePort } from '../../engines/free-port.ts';
import { withClient } from './work-load.ts';

const READY_MS = 60_000;

/** A server that follows another, and can take its place. */
export interface Standby {
  readonly url: string;
  readonly process: MemberProcess;
  /** From now on it takes writes. */
  promote(): Promise<void>;
  remove(): Promise<void>;
}

/** Stops the primary for a moment, copies it, and starts both. */
export async function standbyOf(primary: {
  readonly url: string;
  readonly process: MemberProcess;
}): Promise<Standby> {
  const data = await withClient(primary.url, async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory ?? '';
  });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-standby-'));
  await chmod(folder, 0o711);
  await primary.process.stop();
  await promisify(execFile)('cp', ['-a', data, join(folder, 'data')]);
  await writeFile(join(folder, 'data', 'standby.signal'), '');
  const { port: primaryPort, password } = new URL(primary.url);
  await appendFile(
    join(folder, 'data', 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${primaryPort} user=postgres password=${password}'\n`,
  );
  const port = await freePort();
  const standby = new MemberProcess(
    postgres({ name: 'standby', folder, port, password }),
    join(folder, 'log'),
  );
  const url = postgresUrl(port, password);
  for (const process of [primary.process, standby]) {
    await process.start();
    await process.ready(READY_MS);
  }
  return {
    url,
    process: standby,
    promote: () => withClient(url, async (client) => void (await client.query('SELECT pg_promote()'))),
    remove: async () => {
      await standby.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
