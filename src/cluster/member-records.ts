import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StopRequest } from './member.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

/** The process of a member, as the folder of its cluster tells of it. */
export interface MemberRecord extends ProcessIdentity, StopRequest {
  readonly name: string;
}

/** Notes in `folder` which processes the members are, by tier: they outlive a cluster whose own process is killed. */
export function writeRecords(folder: string, tiers: readonly (readonly MemberRecord[])[]): void {
  const file = fileIn(folder);
  const partial = `${file}.partial`;
  writeFileSync(partial, JSON.stringify(tiers), { mode: 0o600 });
  renameSync(partial, file);
}

export function removeRecords(folder: string): void {
  rmSync(fileIn(folder), { force: true });
}

/** Those that run still, by tier. One that can not be told for sure from a later process is left out. */
export function runningRecords(folder: string): MemberRecord[][] {
  return readRecords(folder).map((tier) =>
    tier.filter((record) => record.began !== undefined && isRunning(record)),
  );
}

function readRecords(folder: string): MemberRecord[][] {
  try {
    return JSON.parse(readFileSync(fileIn(folder), 'utf8')) as MemberRecord[][];
  } catch {
    return [];
  }
}

function fileIn(folder: string): string {
  return join(folder, 'members.json');
}
