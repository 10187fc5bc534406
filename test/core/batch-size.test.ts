import { describe, expect, it } from 'vitest';
import { BATCH_BYTES, BatchSize } from '../../src/core/batch-size.ts';

const sizesOf = (size: BatchSize, items: number[]): number[] => {
  const sizes = [];
  while (items.length > 0) sizes.push(size.take(items, (bytes) => bytes).length);
  return sizes;
};

describe('the size of a batch', () => {
  it('is bounded by items', () => {
    expect(sizesOf(new BatchSize(3), [1, 1, 1, 1, 1, 1, 1])).toEqual([3, 3, 1]);
    expect(new BatchSize(3).take([], () => 1)).toEqual([]);
  });

  it('is bounded by bytes, and yet never nothing', () => {
    const [most, half] = [BATCH_BYTES, BATCH_BYTES / 2];
    expect(sizesOf(new BatchSize(10), [half, half, 1, most, most + 1, 1, 1])).toEqual([2, 1, 1, 1, 2]);
  });

  it('is halved after each two timeouts in a row, down to one', () => {
    const size = new BatchSize(500);
    size.timedOut(10);
    size.succeeded();
    size.timedOut(10);
    expect(size.items).toBe(500);
    size.timedOut(9);
    expect(size.items).toBe(5);
    for (let time = 0; time < 20; time += 1) size.timedOut(size.items);
    expect(size.items).toBe(1);
  });

  it('grows back with successes, up to what it was', () => {
    const size = new BatchSize(20);
    for (let time = 0; time < 4; time += 1) size.timedOut(20);
    expect(size.items).toBe(5);
    for (let time = 0; time < 10; time += 1) size.succeeded();
    expect(size.items).toBe(10);
    for (let time = 0; time < 100; time += 1) size.succeeded();
    expect(size.items).toBe(20);
  });
});
