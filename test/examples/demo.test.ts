import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { figuresOf, percentile } from '../../examples/demo/figures.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

beforeAll(async () => {
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'examples')]);
});

test('loses nothing when a runner and then the whole server are killed', { timeout: 300_000 }, async () => {
  const { stdout } = await run(process.execPath, [join(ROOT, 'examples/dist/demo/main.js'), '--json']);
  const figures: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(figures).toMatchObject({ accepted: 2000, succeeded: 2000, failed: 0, lost: 0 });
  expect(figures).toEqual({
    ...(figures as object),
    acceptP50Ms: expect.any(Number) as number,
    acceptP99Ms: expect.any(Number) as number,
    processP50Ms: expect.any(Number) as number,
  });
});

test('counts as lost what no handler has said that it did', () => {
  const ended = (id: string, state: string) => ({ id, state, ms: 1 });
  const ends = [ended('a', 'succeeded'), ended('b', 'succeeded'), ended('c', 'failed'), ended('d', 'lost')];
  const effects = { isDone: (id: string) => id !== 'b', runTwice: 0 };
  expect(figuresOf({ accepted: [1, 2, 3, 4], ends, effects })).toMatchObject({
    accepted: 4,
    succeeded: 1,
    failed: 1,
    lost: 2,
  });
});

test('takes percentiles of what was measured', () => {
  expect([percentile([3, 1, 2], 0.5), percentile([3, 1, 2], 0.99), percentile([], 0.5)]).toEqual([2, 3, 0]);
});
