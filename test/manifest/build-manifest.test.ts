import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { task } from '../../src/core/task.ts';
import { buildManifest } from '../../src/manifest/build-manifest.ts';

const run = (): undefined => undefined;
const DATED = z.object({ at: z.date() });

describe('buildManifest', () => {
  it('describes each task by its options and the JSON Schema of what a caller sends', () => {
    const resize = task('resize', {
      input: z.object({ width: z.number().default(200) }),
      output: z.object({ bytes: z.number() }),
      description: 'Makes it smaller.',
      timeout: '30s',
      concurrency: { limit: 2 },
      run: () => ({ bytes: 1 }),
    });
    expect(buildManifest([resize]).tasks).toEqual([
      {
        name: 'resize',
        description: 'Makes it smaller.',
        queue: 'default',
        priority: 'normal',
        retries: 3,
        backoffBaseMs: 1000,
        backoffCapMs: 3_600_000,
        timeoutMs: 30_000,
        concurrencyLimit: 2,
        input: expect.objectContaining({
          type: 'object',
          // A default makes the field optional for the caller.
          properties: { width: { type: 'number', default: 200 } },
        }) as unknown,
        output: expect.objectContaining({ required: ['bytes'] }) as unknown,
      },
    ]);
    expect(buildManifest([resize]).tasks[0]?.input).not.toHaveProperty('required');
  });

  it('passes a plain JSON Schema on', () => {
    const input = { type: 'object', required: ['a'] };
    expect(buildManifest([task('plain', { input, run })]).tasks[0]?.input).toEqual(input);
  });

  it('has the same hash for the same tasks in any order, and another for other tasks', () => {
    const one = task('one', { input: z.object({}), run });
    const two = task('two', { input: z.object({}), run });
    const changed = task('two', { input: z.object({ a: z.string() }), run });
    expect(buildManifest([one, two]).hash).toBe(buildManifest([two, one]).hash);
    expect(buildManifest([one, two]).hash).not.toBe(buildManifest([one, changed]).hash);
  });

  it.each([
    ['input', task('dated', { input: DATED, run })],
    ['output', task('dated', { input: {}, output: DATED, run: () => ({ at: new Date() }) })],
  ])('says what to do about an %s schema that JSON Schema can not express', (side, dated) => {
    expect(() => buildManifest([dated])).toThrow(
      expect.objectContaining({
        code: 'SLUICE_SCHEMA_UNSUPPORTED',
        message: expect.stringMatching(
          new RegExp(`"dated": its ${side} schema .*z\\.iso\\.datetime`),
        ) as unknown,
      }),
    );
  });
});
