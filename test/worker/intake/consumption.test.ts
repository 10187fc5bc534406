import { expect, test, vi } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import { systemRandom } from '../../../src/core/random.ts';
import type { Claimer } from '../../../src/worker/intake/claimer.ts';
import { Consumption, type ConsumptionOptions } from '../../../src/worker/intake/consumption.ts';
import type { Taken } from '../../../src/worker/intake/intake.ts';
import { DEFAULT_TIMING } from '../../../src/worker/timing.ts';

const MESSAGE = {} as Taken;

function consumptionOf(own: Pick<ConsumptionOptions, 'intake' | 'claimer'>): Consumption {
  return new Consumption({
    ...own,
    database: { health: async () => ({ ok: true, durable: true, durability: '' }) },
    free: () => 80,
    random: systemRandom,
    logger: silentLogger,
    timing: { ...DEFAULT_TIMING, retryBaseMs: 1, retryCapMs: 2 },
  });
}

test('does not wait to be open when it is closed', async () => {
  let asked = false;
  const never = new Promise<void>(() => undefined);
  const intake = {
    receiving: false,
    open: () => {
      asked = true;
      return never;
    },
    close: async () => undefined,
    take: () => [],
  };
  const subject = consumptionOf({ intake, claimer: {} as Claimer });
  subject.begin();
  await vi.waitFor(() => expect(asked).toBe(true));
  await subject.close();
  expect(subject.open).toBe(false);
});

test('claims of a size that has taken the database too long twice are made half as large', async () => {
  const asked: number[] = [];
  let left = 100;
  const intake = {
    receiving: true,
    open: async () => undefined,
    close: async () => undefined,
    take: (limit: number) => Array.from({ length: Math.min(left, limit) }, () => MESSAGE),
  };
  const claimer = {
    claim: async (taken: readonly Taken[]) => {
      asked.push(taken.length);
      if (taken.length > 30) throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE', { timedOut: true });
      left -= taken.length;
    },
  } as Claimer;
  const subject = consumptionOf({ intake, claimer });
  subject.begin();
  await vi.waitFor(() => expect(left).toBe(0), 20_000);
  await subject.close();
  expect(asked).toEqual([80, 80, 40, 40, 20, 20, 20, 20, 20]);
});
