import sharp from 'sharp';
import { task } from 'sluice';
import { z } from 'zod';

export const thumbnail = task('thumbnail', {
  input: z.object({ url: z.url(), width: z.int().default(200) }),
  output: z.object({ width: z.number(), height: z.number(), bytes: z.number() }),
  retries: 5,
  timeout: '30s',
  run: async ({ url, width }, ctx) => {
    const image = await fetch(url, { signal: ctx.signal });
    if (!image.ok) throw new Error(`${url} answered ${image.status}`);
    const small = sharp(await image.arrayBuffer())
      .resize(width)
      .webp();
    const { info } = await small.toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, bytes: info.size };
  },
});
