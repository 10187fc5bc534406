import { describe, expect, it } from 'vitest';
import { median, quantile } from '../../bench/statistics.ts';

describe('the median', () => {
  it('is the value in the middle of an odd number of values', () => {
    expect(median([9, 1, 4])).toBe(4);
  });

  it('is the mean of the two in the middle of an even number of values', () => {
    expect(median([10, 1, 4, 2])).toBe(3);
    expect(median([1, 2])).toBe(1.5);
  });

  it('is that of numbers, not of their digits', () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  it('of no values is no number', () => {
    expect(median([])).toBeNaN();
  });
});

it('a quantile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_nothing, at) => 100 - at);
  expect(quantile(values, 0.5)).toBe(51);
  expect(quantile(values, 0.99)).toBe(100);
  expect(quantile([7], 0.99)).toBe(7);
});
