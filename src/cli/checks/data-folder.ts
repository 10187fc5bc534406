import { mkdtemp, mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../core/errors.ts';
import { lockFolder } from '../../sqlite/folder-lock.ts';
import { type Finding, fail, look, ok, warn } from './check.ts';

const SYNCS = 20;
/** No disk confirms a write in less; a file system in memory does. */
const LEAST_SYNC_MS = 0.02;
const SLOW_SYNC_MS = 20;

/** What a folder is for, and by which flag another is chosen. */
export interface FolderUse {
  readonly name: string;
  readonly flag: string;
}

const DATA: FolderUse = { name: 'data folder', flag: '--data' };

/** Magic numbers of statfs(2) for file systems that lose what they confirm, or whose locks are not to be trusted. */
const DOUBTFUL: Record<number, string> = {
  0x01021994: 'tmpfs, which is gone with the power',
  0x858458f6: 'ramfs, which is gone with the power',
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x517b: 'SMB',
};

/** Whether the folder can be written, is synced for real, lies on a disk, and is free. */
export async function checkDataFolder(folder: string, use: FolderUse = DATA): Promise<readonly Finding[]> {
  const { name, flag } = use;
  const local = `put the ${name} on a local disk: ${flag} FOLDER`;
  let made: string | undefined;
  const writable = await look(
    name,
    `make ${folder} writable, or choose another: ${flag} FOLDER`,
    async () => {
      made = await mkdir(folder, { recursive: true });
      await rm(await mkdtemp(join(folder, 'doctor-')), { recursive: true });
      return ok(name, `${folder} can be written`);
    },
  );
  if (writable.verdict === 'fail') return [writable];
  const findings = [
    writable,
    await checkFileSystem(folder, local),
    await checkSync(folder, local),
    checkLock(folder, local),
  ];
  if (made !== undefined) await rm(made, { recursive: true });
  return findings;
}

async function checkFileSystem(folder: string, local: string): Promise<Finding> {
  return look('file system', local, async () => {
    const { type, bavail, bsize } = await statfs(folder);
    const doubt = DOUBTFUL[type];
    const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`;
    return doubt ? warn('file system', `it is ${doubt}`, local) : ok('file system', free);
  });
}

async function checkSync(folder: string, local: string): Promise<Finding> {
  return look('fsync', local, async () => {
    const ms = await medianSync(folder);
    const says = `${ms.toFixed(2)} ms for 4 KiB, the median of ${SYNCS}`;
    if (ms < LEAST_SYNC_MS) return warn('fsync', `${says}: no disk is that fast, so it is not done`, local);
    if (ms > SLOW_SYNC_MS)
      return warn('fsync', `${says}: accepting will be slow`, 'use a disk with a faster sync');
    return ok('fsync', says);
  });
}

async function medianSync(folder: string): Promise<number> {
  const probe = await mkdtemp(join(folder, 'doctor-'));
  const file = await open(join(probe, 'sync'), 'w');
  try {
    const took: number[] = [];
    for (let count = 0; count < SYNCS; count += 1) {
      const begin = performance.now();
      await file.write(Buffer.alloc(4096, count), 0, 4096, count * 4096);
      await file.datasync();
      took.push(performance.now() - begin);
    }
    return took.toSorted((a, b) => a - b)[SYNCS / 2] ?? 0;
  } finally {
    await file.close();
    await rm(probe, { recursive: true });
  }
}

function checkLock(folder: string, local: string): Finding {
  try {
    lockFolder(folder)();
    return ok('lock', 'the folder is free');
  } catch (error) {
    if (SluiceError.is(error, 'SLUICE_DATA_LOCKED')) {
      return ok('lock', `the folder is in use${String(error.data['holder'])}`);
    }
    const says = error instanceof Error ? error.message : String(error);
    return fail('lock', says, local);
  }
}
