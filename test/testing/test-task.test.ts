import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AbortReason } from '../../src/core/context.ts';
import { task } from '../../src/core/task.ts';
import { testTask } from '../../src/testing/test-task.ts';

const resize = task('resize', {
  input: z.object({ width: z.number().default(200), at: z.iso.datetime().optional() }),
  output: z.object({ bytes: z.number() }),
  run: async ({ width }, ctx) => {
    ctx.log.info('resizing', { width });
    ctx.progress(0.5, { step: 'half' });
    ctx.enqueue('notify', { width }, { key: 'once' });
    return { bytes: width * ctx.attempt };
  },
});

describe('testTask', () => {
  it('runs the handler with defaults applied and tells what it did', async () => {
    const run = await testTask(resize).run({}, { attempt: 2 });
    expect(run.result).toEqual({ bytes: 400 });
    expect(run.progress).toEqual([{ fraction: 0.5, detail: { step: 'half' } }]);
    expect(run.enqueued).toMatchObject([{ task: 'notify', input: { width: 200 }, options: { key: 'once' } }]);
    expect(run.logged).toMatchObject([{ level: 'info', message: 'resizing', data: { width: 200 } }]);
  });

  it('refuses an input or a result that does not fit its schema', async () => {
    const wrong = { width: 'wide' } as unknown as { width: number };
    await expect(testTask(resize).run(wrong)).rejects.toMatchObject({ code: 'SLUICE_INPUT_INVALID' });
    const broken = task('broken', {
      input: z.object({}),
      output: z.object({ bytes: z.number() }),
      run: () => ({ bytes: 'many' }) as unknown as { bytes: number },
    });
    await expect(testTask(broken).run({})).rejects.toMatchObject({ code: 'SLUICE_RESULT_INVALID' });
  });

  it('rejects with what the handler threw', async () => {
    const failing = task('failing', {
      input: z.object({}),
      run: () => {
        throw new RangeError('too far');
      },
    });
    await expect(testTask(failing).run({})).rejects.toBeInstanceOf(RangeError);
  });

  it('aborts the handler with a reason', async () => {
    const waiting = task('waiting', {
      input: z.object({}),
      run: (_input, ctx) =>
        new Promise((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error));
        }),
    });
    const abort = new AbortController();
    const run = testTask(waiting).run({}, { signal: abort.signal, abortCause: 'timeout' });
    setImmediate(() => abort.abort());
    await expect(run).rejects.toSatisfy((e) => e instanceof AbortReason && e.reason === 'timeout');
  });
});
