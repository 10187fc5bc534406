import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { withEsbuild } from '../../task-files/esbuild-service.ts';
import { type Finding, fail, look, ok, warn } from './check.ts';

const LEAST_NODE = [20, 19] as const;
/** A connection takes one, so does each file; below this a burst of clients is refused. */
const ENOUGH_FILES = 4096;

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const enough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const says = `${version} on ${availableParallelism()} cores`;
  return enough ? ok('node', says) : fail('node', says, `install Node.js ${LEAST_NODE.join('.')} or newer`);
}

export async function checkOpenFiles(): Promise<Finding> {
  const fix = 'raise it: "ulimit -n 65536", or LimitNOFILE= of the service';
  return look('open files', fix, async () => {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -n']);
    const limit = stdout.trim();
    const enough = limit === 'unlimited' || Number(limit) >= ENOUGH_FILES;
    const says = `at most ${limit}`;
    return enough ? ok('open files', says) : warn('open files', says, fix);
  });
}

export async function checkEsbuild(): Promise<Finding> {
  return look('esbuild', 'run "npm install" without --omit=optional', async () => {
    const version = await withEsbuild(async (esbuild) => {
      await esbuild.transform('const works: boolean = true;', { loader: 'ts' });
      return esbuild.version;
    });
    return ok('esbuild', version);
  });
}
