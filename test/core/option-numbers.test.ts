import { expect, test } from 'vitest';
import { wholeNumber, wholeNumbers } from '../../src/core/option-numbers.ts';

const DEFAULTS = { a: 1, b: 2 };

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3' as unknown as number])(
  'refuses %j where a number above 0 is due',
  (value) => {
    expect(() => wholeNumber('runners', value, 1)).toThrow(/^runners is .* a whole number from 1 up/);
  },
);

test('puts what is given in the place of the defaults, and undefined in the place of none', () => {
  expect(wholeNumbers('limits', DEFAULTS, { b: 0 }, 0)).toEqual({ a: 1, b: 0 });
  expect(wholeNumbers('limits', DEFAULTS, { a: undefined } as object, 0)).toEqual(DEFAULTS);
  expect(wholeNumbers('limits', DEFAULTS, undefined, 0)).toEqual(DEFAULTS);
});

test('names the number that is wrong, or that there is not', () => {
  expect(() => wholeNumbers('limits', DEFAULTS, { b: 0 }, 1)).toThrow(/^limits\.b is 0;/);
  expect(() => wholeNumbers('limits', DEFAULTS, { c: 1 } as object, 1)).toThrow(
    /^limits is "c"; it has to be one of a, b\./,
  );
});
