import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { standBack } from '../../src/core/stand-back.ts';

const GROUPED = existsSync('/proc/self/autogroup');
const NICENESS = 7;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

it('lowers a process, and never raises one', async () => {
  const pid = begin({ detached: false });
  await standBack(pid, NICENESS);
  expect(getPriority(pid)).toBe(NICENESS);
  await standBack(pid, NICENESS - 1);
  expect(getPriority(pid)).toBe(NICENESS);
});

it.runIf(GROUPED)('lowers the group of what leads a session, in which alone niceness counts', async () => {
  const pid = begin({ detached: true });
  expect(groupNiceness(pid)).toBe(0);
  await standBack(pid, NICENESS);
  expect(groupNiceness(pid)).toBe(NICENESS);
});

it.runIf(GROUPED)('leaves alone the group that a process shares with others', async () => {
  const pid = begin({ detached: false });
  const before = groupNiceness(process.pid);
  await standBack(pid, NICENESS);
  expect(groupNiceness(process.pid)).toBe(before);
});

it('does nothing about a process that has ended', async () => {
  const pid = begin({ detached: true });
  const [child] = children;
  const ended = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGKILL');
  await ended;
  await expect(standBack(pid, NICENESS)).resolves.toBeUndefined();
});

function begin({ detached }: { readonly detached: boolean }): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached, stdio: 'ignore' });
  children.push(child);
  if (child.pid === undefined) throw new Error('it did not begin');
  return child.pid;
}

function groupNiceness(pid: number): number {
  const [, niceness] = / nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'utf8')) ?? [];
  return Number(niceness);
}
