import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locate } from '../binary.ts';
import type { Member } from '../member.ts';
import { unprivilegedUser } from './unprivileged-user.ts';

export interface PostgresOptions {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly password: string;
}

/** Debian keeps each major version in a folder of its own, outside of PATH. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const USER = 'postgres';

/** A PostgreSQL server with one superuser, `postgres`, on loopback. */
export function postgres({ name, folder, port, password }: PostgresOptions): Member {
  const data = join(folder, 'data');
  return {
    name,
    port,
    // "Fast" shutdown: open sessions are ended.
    stopSignal: 'SIGINT',
    // "Immediate" shutdown: its sessions end with it, and its lock file does not keep the next start away.
    haltSignal: 'SIGQUIT',
    async prepare() {
      if (existsSync(join(data, 'PG_VERSION'))) return;
      // One whose making was cut short is no server's.
      const partial = `${data}.partial`;
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      const passwordFile = join(folder, 'password');
      await writeFile(passwordFile, password, { mode: 0o600 });
      const user = unprivilegedUser(USER);
      if (user) {
        await chmod(folder, 0o711);
        await chown(partial, user.uid, user.gid);
        await chown(passwordFile, user.uid, user.gid);
      }
      await promisify(execFile)(
        program('initdb'),
        [
          '--pgdata',
          partial,
          '--username',
          USER,
          '--pwfile',
          passwordFile,
          '--auth',
          'scram-sha-256',
          '--encoding',
          'UTF8',
          '--no-locale',
        ],
        { ...user },
      );
      await rename(partial, data);
    },
    launch: () => ({
      command: program('postgres'),
      args: [
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
      ],
      user: unprivilegedUser(USER),
    }),
    async probe() {
      await promisify(execFile)(program('pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-q']);
    },
  };
}

/** Where it connects: the database `postgres`. */
export function postgresUrl(port: number, password: string): string {
  return `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

function program(name: string): string {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const newestFirst = versions.toSorted((one, other) => Number(other) - Number(one));
  const folders = newestFirst.map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  return locate({ name, debianPackage: 'postgresql', folders });
}
