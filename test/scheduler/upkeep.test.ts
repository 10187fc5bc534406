import { beforeEach, describe, expect, it } from 'vitest';
import { taskTopic } from '../../src/core/topics.ts';
import { taskViewKey } from '../../src/core/task-view.ts';
import { Connectivity } from '../../src/scheduler/connectivity.ts';
import { MARGIN_MS, QueueReconciler } from '../../src/scheduler/queue-reconciler.ts';
import { RetentionSweeper } from '../../src/scheduler/retention-sweeper.ts';
import { HEALTHY_MS, RunRecoverer } from '../../src/scheduler/run-recoverer.ts';
import { ADDRESS, type Fakes, fakes, record } from './fakes.ts';

let made: Fakes;
let wakes: number;
const onScheduled = (): void => {
  wakes += 1;
};

beforeEach(() => {
  made = fakes();
  wakes = 0;
});

describe('the recoverer of lost runs', () => {
  const recoverer = (healthySince: () => number | undefined): RunRecoverer =>
    new RunRecoverer({ ...made.options, healthySince, onScheduled });

  it('takes nobody for dead until it has been in touch with the database for long enough itself', async () => {
    const start = made.clock.now();
    const touch: { since?: number } = {};
    const service = recoverer(() => touch.since);
    await service.run();
    touch.since = start;
    made.clock.advance(HEALTHY_MS - 1);
    await service.run();
    expect(made.database.of('recover')).toEqual([]);
    made.clock.advance(1);
    await service.run();
    expect(made.database.of('recover')).toMatchObject([[{ all: false, interruptionLimit: 10 }]]);
  });

  it('goes on until a page is short, and tells of each', async () => {
    const pages = [200, 200, 7];
    const ended = record({ state: 'failed' });
    made.database.answer('recover', () => {
      const length = pages.shift() ?? 0;
      return Array.from({ length }, (_, at) => (at === 0 && length === 7 ? ended : record()));
    });
    await recoverer(() => 0).run();
    expect(made.database.of('recover')).toHaveLength(3);
    expect(made.signalled).toHaveLength(407);
    expect(made.signalled).toContainEqual([taskTopic(ended.id), '{"state":"failed","version":3}']);
    expect(made.cached.get(taskViewKey(ended.id))).toMatchObject({ version: 3, ttlMs: 7 });
    expect(wakes).toBe(3);
  });

  it('recovers all at the start, whatever it knows of the database', async () => {
    made.database.answer('recover', () => [record()]);
    await recoverer(() => undefined).recoverAll();
    expect(made.database.of('recover')).toMatchObject([[{ all: true }]]);
  });
});

describe('the connectivity with the database', () => {
  it('begins anew after a failure, a pause, and a clock that was set back', () => {
    const { clock } = made;
    const connectivity = new Connectivity(clock);
    expect(connectivity.healthySince).toBeUndefined();
    const inTouchFor = (ms: number): void => {
      for (let passed = 0; passed <= ms; passed += 1000) {
        connectivity.succeeded();
        if (passed < ms) clock.advance(1000);
      }
    };
    const begin = clock.now();
    inTouchFor(20_000);
    expect(connectivity.healthySince).toBe(begin);
    connectivity.failed();
    expect(connectivity.healthySince).toBeUndefined();
    inTouchFor(2000);
    clock.advance(60_000);
    expect(connectivity.healthySince).toBeUndefined();
    connectivity.succeeded();
    expect(connectivity.healthySince).toBe(clock.now());
    inTouchFor(3000);
    clock.jump(-10_000);
    connectivity.succeeded();
    expect(connectivity.healthySince).toBe(clock.now());
  });
});

describe('the reconciliation with the queue', () => {
  const reconcile = (): Promise<boolean> => new QueueReconciler({ ...made.options, onScheduled }).run();

  it('looks for what is older, by a margin, than everything its lane has lately delivered', async () => {
    made.depth = [{ address: ADDRESS, messages: 5, bytes: 5 }];
    made.watermarks.delivered(ADDRESS, 1_000_000);
    made.database.answer('reconcile', () => 2);
    expect(await reconcile()).toBe(false);
    expect(made.database.of('reconcile')).toEqual([[ADDRESS, { before: 1_000_000 - MARGIN_MS, limit: 500 }]]);
    expect(wakes).toBe(1);
  });

  it('looks for all but what is of just now where the lane is empty, so that a clock that was set back hides none', async () => {
    await reconcile();
    const now = made.clock.now();
    expect(made.database.of('reconcile')).toEqual([
      [ADDRESS, { before: now - MARGIN_MS, after: now + MARGIN_MS, limit: 500 }],
    ]);
    expect(wakes).toBe(0);
  });

  it('goes by what was delivered last, whatever time there was before the clock was set back', async () => {
    made.depth = [{ address: ADDRESS, messages: 5, bytes: 5 }];
    made.watermarks.delivered(ADDRESS, made.clock.now());
    made.clock.jump(-3_600_000);
    made.watermarks.delivered(ADDRESS, made.clock.now());
    await reconcile();
    const before = made.clock.now() - MARGIN_MS;
    expect(made.database.of('reconcile')).toEqual([[ADDRESS, { before, limit: 500 }]]);
  });

  it('draws no conclusion from a delivery of the time before the clock was set back: what follows it may look older', async () => {
    made.depth = [{ address: ADDRESS, messages: 5, bytes: 5 }];
    made.watermarks.delivered(ADDRESS, made.clock.now());
    made.clock.jump(-MARGIN_MS);
    await reconcile();
    expect(made.database.of('reconcile')).toHaveLength(1);
    made.clock.jump(-1);
    await reconcile();
    expect(made.database.of('reconcile')).toHaveLength(1);
  });

  it('draws no conclusion from a lane that has messages and has delivered none', async () => {
    made.depth = [{ address: ADDRESS, messages: 1, bytes: 1 }];
    await reconcile();
    expect(made.database.of('reconcile')).toEqual([]);
  });

  it('has more to do where it found as many as it asked for', async () => {
    made.database.answer('reconcile', () => 500);
    expect(await reconcile()).toBe(true);
  });
});

describe('the removal of old tasks', () => {
  it('goes on at once while there is a whole batch of one kind', async () => {
    const sweeper = new RetentionSweeper(made.options);
    made.database.answer('sweep', () => ({ bodies: 0, rows: 200, tombstones: 3 }));
    expect(await sweeper.run()).toBe(true);
    made.database.answer('sweep', () => ({ bodies: 1, rows: 199, tombstones: 3 }));
    expect(await sweeper.run()).toBe(false);
    expect(made.database.of('sweep')[0]).toEqual([made.options.retention, 200]);
  });
});
