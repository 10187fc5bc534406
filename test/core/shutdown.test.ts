import { expect, test } from 'vitest';
import { Shutdown } from '../../src/core/shutdown.ts';

test('no step gets a grace that is longer than a timer can be, which would end at once', async () => {
  const shutdown = new Shutdown();
  const graces: number[] = [];
  shutdown.add(async (graceMs) => void graces.push(graceMs));
  await shutdown.run(30 * 86_400_000);
  expect(graces).toEqual([2_147_483_647]);
});
