import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { task } from '../../src/core/task.ts';
import { buildManifest } from '../../src/manifest/build-manifest.ts';
import { readManifest, writeManifest } from '../../src/manifest/manifest-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-manifest-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a manifest file', () => {
  it('reads as it was written', async () => {
    const manifest = buildManifest([
      task('one', { input: z.object({ a: z.string() }), run: () => undefined }),
    ]);
    const path = join(folder, 'manifest.json');
    await writeManifest(path, manifest);
    expect(await readManifest(path)).toEqual(manifest);
  });

  it.each([
    ['is missing', undefined],
    ['is no JSON', '{'],
    ['is no object', '1'],
    ['has another format', '{"format":2}'],
    ['has no tasks', '{"format":1,"hash":"x"}'],
    ['has a task without a schema', '{"format":1,"hash":"x","tasks":[{"name":"a"}]}'],
  ])('is refused by name when it %s', async (what, text) => {
    const path = join(folder, `${what.replaceAll(' ', '-')}.json`);
    if (text !== undefined) await writeFile(path, text);
    await expect(readManifest(path)).rejects.toMatchObject({
      code: 'SLUICE_MANIFEST_INVALID',
      message: expect.stringContaining(path) as unknown,
    });
  });
});
