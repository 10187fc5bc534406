import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BATCH_BYTES } from '../../../src/core/batch-size.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import { systemRandom } from '../../../src/core/random.ts';
import type { Settlement, SettleResult } from '../../../src/database/database.ts';
import { DEFAULT_TIMING } from '../../../src/worker/timing.ts';
import type { Run } from '../../../src/worker/run/run.ts';
import { type Ended, Settler } from '../../../src/worker/settle/settler.ts';

/** What was asked of the database: how many, and how many bytes of results. */
let calls: { items: number; bytes: number }[];
let settled: string[];

/** @param refuse whether the database fails such a batch, and with what */
function settler(refuse: (items: number) => SluiceError | undefined, enough = 1, tookMs = 0): Settler {
  return new Settler({
    database: {
      settle: async (settlements) => {
        const bytes = settlements.reduce((sum, { outcome }) => sum + resultOf(outcome).length, 0);
        calls.push({ items: settlements.length, bytes });
        const error = refuse(settlements.length);
        if (error) throw error;
        if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
        return settlements.map((): SettleResult => ({ kind: 'lost' }));
      },
    },
    enough: () => enough,
    random: systemRandom,
    logger: silentLogger,
    timing: { ...DEFAULT_TIMING, retryBaseMs: 1, retryCapMs: 2 },
    onSettled: ({ run }) => settled.push(run.message.id),
  });
}

function resultOf(outcome: Settlement['outcome']): string {
  return outcome.kind === 'succeeded' ? outcome.result : '';
}

function ended(id: number, result: string): Ended {
  const run = { message: { id: String(id) }, run: 1 } as Run;
  return { run, outcome: { kind: 'succeeded', result, followUps: [] } };
}

const away = (timedOut: boolean): SluiceError => new SluiceError('SLUICE_DATABASE_UNAVAILABLE', { timedOut });

beforeEach(() => {
  calls = [];
  settled = [];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the settling of many outcomes', () => {
  it('puts no more into one call than the database takes in time, whatever has piled up', async () => {
    const large = 'x'.repeat(1024 * 1024);
    let refusals = 1;
    const subject = settler(() => (refusals-- > 0 ? away(false) : undefined));
    for (let id = 0; id < 200; id += 1) subject.add(ended(id, large));
    await vi.waitFor(() => expect(settled).toHaveLength(200), 20_000);
    expect(Math.max(...calls.map(({ bytes }) => bytes))).toBeLessThanOrEqual(BATCH_BYTES);
  });

  it('halves what has taken too long twice, until it is taken, and loses and repeats nothing', async () => {
    const subject = settler((items) => (items > 20 ? away(true) : undefined));
    const ids = Array.from({ length: 200 }, (_, id) => id);
    for (const id of ids) subject.add(ended(id, '1'));
    await vi.waitFor(() => expect(settled).toHaveLength(200), 20_000);
    expect(settled.toSorted()).toEqual(ids.map(String).toSorted());
  });

  it('leaves the batch whole while the database is away: it has said nothing of its size', async () => {
    let refusals = 5;
    const subject = settler(() => (refusals-- > 0 ? away(false) : undefined));
    for (let id = 0; id < 200; id += 1) subject.add(ended(id, '1'));
    await vi.waitFor(() => expect(settled).toHaveLength(200), 20_000);
    expect(calls.map(({ items }) => items)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it('gathers what ends while it rests, until the rest is over or there is enough', async () => {
    vi.useFakeTimers();
    const subject = settler(() => undefined, 5, 10);
    const end = async (count: number): Promise<void> => {
      for (let id = 0; id < count; id += 1) subject.add(ended(id, '1'));
      await vi.advanceTimersByTimeAsync(10);
    };
    const sizes = (): number[] => calls.map(({ items }) => items);
    await end(1);
    await end(2);
    await end(2);
    expect(sizes()).toEqual([1]);
    await vi.advanceTimersByTimeAsync(20);
    expect(sizes()).toEqual([1, 4]);
    await end(5);
    expect(sizes()).toEqual([1, 4, 5]);
  });
});
