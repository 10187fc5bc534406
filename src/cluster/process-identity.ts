import { readFileSync } from 'node:fs';

/** A process, told from a later one that is given the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the words of the system; undefined on one without /proc. */
  readonly began?: string | undefined;
}

const BOOT = '/proc/sys/kernel/random/boot_id';
/** Fields of /proc/<pid>/stat, counted from behind the name of the program, which may hold spaces itself. */
const STATE = 0;
const START_TIME = 19;
/** It has ended, and its parent has not asked how. */
const ENDED = /^[ZXx]$/;

export function identify(pid: number): ProcessIdentity {
  return { pid, began: beginningOf(pid) };
}

/** Whether that process runs; without `began`, whether any process has its number. */
export function isRunning({ pid, began }: ProcessIdentity): boolean {
  return began === undefined ? isTaken(pid) : beginningOf(pid) === began;
}

function beginningOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (ENDED.test(fields[STATE] ?? '')) return undefined;
    return `${readFileSync(BOOT, 'utf8').trim()} ${fields[START_TIME]}`;
  } catch {
    return undefined;
  }
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
