import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DURATION_MS, parseDuration } from '../../src/core/duration.ts';
import { SluiceError } from '../../src/core/errors.ts';

const refused = expect.objectContaining({ code: 'SLUICE_OPTION_INVALID' });

describe('a duration', () => {
  it.each([
    [0, 0],
    [1500, 1500],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['90d', 7_776_000_000],
    ['3650d', MAX_DURATION_MS],
  ])('%s is %d ms', (duration, ms) => {
    expect(parseDuration(duration, 'delay')).toBe(ms);
  });

  it.each(['', '5', '5 s', '-5s', '5sec', '1e3s', '.5s', '5s5s', '3651d', -1, Number.NaN, Infinity])(
    '%j is refused, with the name of the option',
    (duration) => {
      expect(() => parseDuration(duration, 'delay')).toThrow(refused);
      expect(() => parseDuration(duration, 'delay')).toThrow(
        `delay is ${typeof duration === 'string' ? JSON.stringify(duration) : duration};`,
      );
    },
  );

  it('is a whole number of milliseconds that adds up to a safe integer, or refused', () => {
    const milliseconds = (duration: string | number): unknown => {
      try {
        return parseDuration(duration, 'delay');
      } catch (error) {
        return error;
      }
    };
    const fitting = (ms: unknown): boolean =>
      typeof ms === 'number' && ms >= 0 && Number.isSafeInteger(ms + Date.now());
    const some = fc.oneof(
      fc.string(),
      fc.double(),
      fc.nat().map((hours) => `${hours}h`),
    );
    fc.assert(
      fc.property(some, (duration) => {
        const ms = milliseconds(duration);
        expect(fitting(ms) || SluiceError.is(ms, 'SLUICE_OPTION_INVALID')).toBe(true);
      }),
    );
  });
});
