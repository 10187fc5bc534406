import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  AbortReason,
  isNonRetriable,
  isRetryAfter,
  NonRetriable,
  RetryAfter,
} from '../../src/core/context.ts';
import type { Duration } from '../../src/core/duration.ts';
import { isDefinition, task, type TaskOptions } from '../../src/core/task.ts';

const options = { input: z.object({}), run: () => 1 };

describe('task()', () => {
  it('fills in what is not said', () => {
    expect(task('hello', options)).toMatchObject({
      name: 'hello',
      retries: 3,
      backoffBaseMs: 1000,
      backoffCapMs: 3_600_000,
      timeoutMs: 300_000,
      priority: 'normal',
      queue: 'default',
      concurrencyLimit: undefined,
    });
  });

  it('takes durations as text', () => {
    const made = task('a', { ...options, timeout: '30s', backoff: { base: '2s', cap: '1m' } });
    expect([made.timeoutMs, made.backoffBaseMs, made.backoffCapMs]).toEqual([30_000, 2000, 60_000]);
  });

  it.each(['', 'A', '1a', '-a', 'a_b', 'a b', 'ä', 'a'.repeat(64)])('refuses the name "%s"', (name) => {
    expect(() => task(name, options)).toThrow(expect.objectContaining({ code: 'SLUICE_DEFINITION_INVALID' }));
  });

  it.each([
    ['retries', -1],
    ['retries', 1.5],
    ['retries', 1001],
    ['retries', Number.NaN],
    ['retries', '3'],
    ['priority', 'urgent'],
    ['priority', 1],
    ['backoff', '5s'],
    ['backoff', { min: '5s' }],
    ['backoff', { base: '2h' }],
    ['backoff', { base: '2s', cap: '1s' }],
    ['queue', 'Images'],
    ['queue', 'quarantine'],
    ['concurrency', { limit: 0 }],
    ['concurrency', { limit: 1.5 }],
    ['concurrency', { limit: Number.NaN }],
    ['concurrency', { limits: 5 }],
    ['concurrency', {}],
    ['concurrency', 5],
    ['input', undefined],
    ['output', 'text'],
    ['run', 'text'],
    ['retires', 5],
  ])('refuses %s %j and says which task', (option, value) => {
    const wrong = { ...options, [option]: value } as unknown as TaskOptions<
      typeof options.input,
      undefined,
      1
    >;
    expect(() => task('hello', wrong)).toThrow(/^Task "hello": /);
  });

  it.each(['soon', 0, '0s', 0.4, -1, '-1s', Number.NaN, Infinity, '3651d', null])(
    'refuses the timeout %j, and says what is one',
    (timeout) => {
      expect(() => task('hello', { ...options, timeout: timeout as Duration })).toThrow(
        expect.objectContaining({
          code: 'SLUICE_OPTION_INVALID',
          message: expect.stringMatching(/^timeout of task "hello" is .* such as .*30s.* more than 0/),
        }),
      );
    },
  );

  it.each([
    ['base', -1],
    ['base', Number.NaN],
    ['cap', 'never'],
  ])('refuses a back-off whose %s is %j', (bound, value) => {
    expect(() => task('hello', { ...options, backoff: { [bound]: value } })).toThrow(
      `backoff.${bound} of task "hello"`,
    );
  });

  it('takes a back-off of nothing: again at once', () => {
    expect(task('a', { ...options, backoff: { base: 0, cap: 0 } })).toMatchObject({ backoffCapMs: 0 });
  });

  it('is known by its brand', () => {
    expect(isDefinition(task('a', options))).toBe(true);
    for (const other of [undefined, null, {}, 'task', options]) expect(isDefinition(other)).toBe(false);
  });
});

describe('errors that steer', () => {
  it('are known by their brand', () => {
    expect([isRetryAfter(new RetryAfter('5s')), isRetryAfter(new NonRetriable('no'))]).toEqual([true, false]);
    expect([isNonRetriable(new NonRetriable('no')), isNonRetriable(new Error('no'))]).toEqual([true, false]);
    expect([isRetryAfter(undefined), isNonRetriable('text')]).toEqual([false, false]);
    expect(new AbortReason('lost')).toMatchObject({ reason: 'lost', name: 'AbortError' });
  });
});
