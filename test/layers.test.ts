import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** What `npm run layers` says of the sources under `root`. */
function layers(root: string): Promise<{ code: number; text: string }> {
  return new Promise((done) => {
    execFile(process.execPath, ['scripts/layers.mjs', root], { cwd: ROOT }, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), text: stdout + stderr }),
    );
  });
}

/** A rule, and a line that breaks it in a module of the folder. */
const PLANTED = [
  ['core-imports-nothing', 'core', "export * from '../queue/queue.ts';"],
  ['gateway-and-worker-meet-only-in-the-queue', 'gateway', "export * from '../worker/worker.ts';"],
  ['only-the-top-builds-task-files', 'runner', "export * from '../task-files/bundle.ts';"],
  ['task-files-know-core-and-manifest-only', 'task-files', "export * from '../runner/runner.ts';"],
  ['only-the-root-names-a-driver', 'worker', "export * from '../cache/memory/memory-cache.ts';"],
  ['a-driver-knows-its-contract-and-core', 'cache/memory', "export * from '../../queue/queue.ts';"],
  ['external-library-only-in-its-driver', 'gateway', "export { pino } from 'pino';"],
  ['external-library-only-in-its-driver', 'worker', "export { Redis } from 'ioredis';"],
  ['only-its-drivers-know-redis', 'worker', "export * from '../redis/redis-url.ts';"],
  ['the-balancer-knows-core-only', 'balancer', "export * from '../gateway/gateway.ts';"],
  ['shared-engines-know-core-only', 'redis', "export * from '../cache/cache.ts';"],
  ['testing-not-in-production', 'worker', "export * from '../testing/fake-clock.ts';"],
  ['contracts-manifest-and-observe-know-core-only', 'observe', "export * from '../queue/queue.ts';"],
  ['the-command-line-is-a-client', 'cli', "export * from '../gateway/http/exchange/problem.ts';"],
  ['every-import-is-found', 'worker', "export * from './there-is-none.ts';"],
  ['no-cycles', 'core', "import { a } from './planted-15.ts';\nexport const a = 1;"],
] as const;

describe('the layers', () => {
  let copy: string;

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'sluice-layers-'));
    await cp(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
    await cp(join(ROOT, 'package.json'), join(copy, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });

  afterAll(() => rm(copy, { recursive: true, force: true }));

  /** What is said while the files are there. */
  async function withPlanted(files: Record<string, string>): Promise<{ code: number; text: string }> {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      await writeFile(join(copy, file), text);
    }
    try {
      return await layers(copy);
    } finally {
      for (const file of Object.keys(files)) await rm(join(copy, file));
    }
  }

  it('hold', async () => {
    expect(await layers(ROOT)).toMatchObject({ code: 0 });
  });

  it('forbid acceptance to reach the database, however far and if only for a type', async () => {
    const { code, text } = await withPlanted({
      'src/gateway/accept/planted.ts': "export { planted } from '../planted-between.ts';\n",
      'src/gateway/planted-between.ts':
        "import type { Database } from '../database/database.ts';\nexport const planted = (database: Database) => database;\n",
    });
    expect(code).toBe(1);
    expect(text).toContain('acceptance-needs-only-the-queue');
    expect(text).toMatch(
      /accept\/planted\.ts\n {2}-> src\/gateway\/planted-between\.ts\n {2}-> src\/database\/database\.ts/,
    );
  });

  it('forbid what breaks any of them, and say which', async () => {
    const files = PLANTED.map(([, folder, line], at) => [`src/${folder}/planted-${at}.ts`, `${line}\n`]);
    const { code, text } = await withPlanted(Object.fromEntries(files) as Record<string, string>);
    expect(code).toBe(1);
    const said = text.split('\n\n').map((each) => /^(\S+): [^\n]*\n {2}(\S+)/.exec(each)?.slice(1));
    for (const [at, [rule, folder]] of PLANTED.entries()) {
      expect(said).toContainEqual([rule, `src/${folder}/planted-${at}.ts`]);
    }
  });

  it('are not said to hold where a module has not been read', async () => {
    const hidden = 'src/node_modules/planted.ts';
    const { code, text } = await withPlanted({ [hidden]: "export * from '../core/clock.ts';\n" });
    expect(code).toBe(1);
    expect(text).toContain(`modules were not read: ${hidden}`);
  });
});
