import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from '../../src/testing/eventually.ts';
import { Client } from './client.ts';
import { Server, temporaryFolder } from './server.ts';

const MEBIBYTE = 2 ** 20;
const RUNNERS = 2;
const HOARD = 200 * MEBIBYTE;

interface Seen {
  readonly pid: number;
  readonly command: string;
  /** Resident bytes, and those that are its share of what several processes use. */
  readonly resident: number;
  readonly share: number;
}

/** The process and all that it has started, in its own process group or not. */
function family(pid: number): Seen[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const pids = [pid];
  for (const member of pids) for (const [child, parent] of parents) if (parent === member) pids.push(child);
  return pids.map(seen);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return undefined;
  }
}

function seen(pid: number): Seen {
  const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(memory)?.[1]) * 1024;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, 2).join(' ');
  return { pid, command, resident: bytes('Rss'), share: bytes('Pss') };
}

function mebibytes(family_: readonly Seen[], key: 'resident' | 'share'): number {
  return Math.round(family_.reduce((sum, member) => sum + member[key], 0) / MEBIBYTE);
}

test.skipIf(process.platform !== 'linux')(
  'an idle server takes 200 MiB at most, all its processes together',
  async () => {
    const server = await Server.start({ data: temporaryFolder(), flags: ['--runners', String(RUNNERS)] });
    const client = new Client(server.url);
    await client.end(await client.accept('echo', 1));
    // The server, its runners and the shell that guards them; what built the tasks is gone.
    await eventually('only these are left', () => family(server.pid).length === 1 + RUNNERS + 1);
    const members = family(server.pid);
    expect(members.map(({ command }) => command).join()).not.toContain('esbuild');
    const share = mebibytes(members, 'share');
    process.stdout.write(
      `idle: ${share} MiB (PSS), ${mebibytes(members, 'resident')} MiB (sum of RSS): ` +
        `${members.map((member) => `${member.command.split('/').at(-1)} ${mebibytes([member], 'share')}`).join(', ')}\n`,
    );
    expect(share).toBeLessThanOrEqual(200);
    // The check sees what is taken.
    await client.end(await client.accept('hoard', HOARD));
    expect(mebibytes(family(server.pid), 'share')).toBeGreaterThan(share + (0.9 * HOARD) / MEBIBYTE);
  },
);
