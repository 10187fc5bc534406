import { expect, it } from 'vitest';
import { Watermarks } from '../../src/core/watermarks.ts';

it('keeps the last delivery of each address, older ones too: a clock may have been set back', () => {
  const at = (lane: number) => ({ queue: 'default', priority: 'normal', lane }) as const;
  const watermarks = new Watermarks();
  for (const time of [5, 9, 7]) watermarks.delivered(at(0), time);
  watermarks.delivered(at(1), 3);
  expect([watermarks.of(at(0)), watermarks.of(at(1)), watermarks.of(at(2))]).toEqual([7, 3, undefined]);
});
