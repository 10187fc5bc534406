import { afterEach, expect, test, vi } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import { systemRandom } from '../../../src/core/random.ts';
import type { Claimer } from '../../../src/worker/intake/claimer.ts';
import { Consumption, type ConsumptionOptions } from '../../../src/worker/intake/consumption.ts';
import type { Taken } from '../../../src/worker/intake/intake.ts';
import { DEFAULT_TIMING } from '../../../src/worker/timing.ts';

const MESSAGE = {} as Taken;

const sleep = async (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

function consumptionOf(
  own: Pick<ConsumptionOptions, 'intake' | 'claimer'> & { enough?: () => number },
): Consumption {
  return new Consumption({
    enough: () => 1,
    ...own,
    database: { health: async () => ({ ok: true, durable: true, durability: '' }) },
    free: () => 80,
    random: systemRandom,
    logger: silentLogger,
    timing: { ...DEFAULT_TIMING, retryBaseMs: 1, retryCapMs: 2 },
  });
}

afterEach(() => {
  vi.useRealTimers();
});

test('does not wait to be open when it is closed', async () => {
  let asked = false;
  const never = new Promise<void>(() => undefined);
  const intake = {
    receiving: false,
    waiting: 0,
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
    waiting: 1,
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

test('what comes while a claim rests is claimed together when it is over, or when there is enough', async () => {
  vi.useFakeTimers();
  const claimed: number[] = [];
  const intake = {
    receiving: true,
    waiting: 1,
    open: async () => undefined,
    close: async () => undefined,
    take: () => Array.from({ length: intake.waiting }, () => MESSAGE),
  };
  const claimer = {
    claim: async (taken: readonly Taken[]) => {
      await sleep(10);
      claimed.push(taken.length);
      intake.waiting -= taken.length;
    },
  } as Claimer;
  const subject = consumptionOf({ intake, claimer, enough: () => 5 });
  const comes = async (messages: number): Promise<void> => {
    for (let left = messages; left > 0; left -= 1) {
      intake.waiting += 1;
      subject.advance();
    }
    await vi.advanceTimersByTimeAsync(10);
  };
  subject.begin();
  await vi.advanceTimersByTimeAsync(10);
  await comes(2);
  await comes(2);
  expect(claimed).toEqual([1]);
  await vi.advanceTimersByTimeAsync(20);
  expect(claimed).toEqual([1, 4]);
  await comes(5);
  expect(claimed).toEqual([1, 4, 5]);
  await comes(4);
  await subject.close();
  expect(claimed).toEqual([1, 4, 5]);
});
