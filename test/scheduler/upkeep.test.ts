import { beforeEach, describe, expect, it } from 'vitest';
import { taskTopic } from '../../src/core/topics.ts';
import { taskViewKey } from '../../src/core/task-view.ts';
import { Connectivity } from '../../src/scheduler/connectivity.ts';
import { MARGIN_MS, QueueReconciler } from '../../src/scheduler/queue-reconciler.ts';
import { RetentionSweeper } from '../../src/scheduler/retention-sweeper.ts';
import { HEALTHY_MS, RunRecoverer, type RunRecovererOptions } from '../../src/scheduler/run-recoverer.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
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
  const recoverer = (connectivity: RunRecovererOptions['connectivity']): RunRecoverer =>
    new RunRecoverer({ ...made.options, connectivity, onScheduled });

  it('takes nobody for dead until it has been in touch with the database for long enough itself', async () => {
    const connectivity = { healthyMs: HEALTHY_MS - 1, databaseNow: 7 };
    const service = recoverer(connectivity);
    await service.run();
    expect(made.database.of('recover')).toEqual([]);
    connectivity.healthyMs = HEALTHY_MS;
    await service.run();
    expect(made.database.of('recover')).toEqual([[{ limit: 200, before: 7, interruptionLimit: 10 }]]);
  });

  it('goes on until a page is short, and tells of each', async () => {
    const pages = [200, 200, 7];
    const ended = record({ state: 'failed' });
    made.database.answer('recover', () => {
      const length = pages.shift() ?? 0;
      return Array.from({ length }, (_, at) => (at === 0 && length === 7 ? ended : record()));
    });
    await recoverer({ healthyMs: HEALTHY_MS, databaseNow: 7 }).run();
    expect(made.database.of('recover')).toHaveLength(3);
    expect(made.signalled).toHaveLength(407);
    expect(made.signalled).toContainEqual([taskTopic(ended.id), '{"state":"failed","version":3}']);
    expect(made.cached.get(taskViewKey(ended.id))).toMatchObject({ version: 3, ttlMs: 7 });
    expect(wakes).toBe(3);
  });

  it('recovers all at the start, whatever it knows of the database', async () => {
    made.database.answer('recover', () => [record()]);
    await recoverer({ healthyMs: 0, databaseNow: 7 }).recoverAll();
    expect(made.database.of('recover')).toMatchObject([[{ all: true }]]);
  });
});

describe('the connectivity with the database', () => {
  it('begins anew after a failure, a pause, and when the clock was set that all leases go by', () => {
    const { clock } = made;
    const leases = fakeClock();
    const connectivity = new Connectivity(clock);
    const pass = (ms: number): void => [clock, leases].forEach((each) => each.advance(ms));
    const inTouchFor = (ms: number): void => {
      for (let passed = 0; passed <= ms; passed += 1000) {
        connectivity.succeeded(leases.now());
        if (passed < ms) pass(1000);
      }
    };
    expect(connectivity.healthyMs).toBe(0);
    inTouchFor(20_000);
    expect(connectivity.healthyMs).toBe(20_000);
    connectivity.failed();
    expect(connectivity.healthyMs).toBe(0);
    inTouchFor(2000);
    pass(60_000);
    expect(connectivity.healthyMs).toBe(0);
    for (const ms of [60_000, -10_000]) {
      inTouchFor(3000);
      expect(connectivity.healthyMs).toBe(3000);
      leases.jump(ms);
      connectivity.succeeded(leases.now());
      expect(connectivity.healthyMs).toBe(0);
    }
    inTouchFor(3000);
    leases.jump(1000);
    connectivity.succeeded(leases.now());
    expect(connectivity.healthyMs).toBe(3000);
  });

  it('tells the time of the database as it goes on, and what was set of it once it is told', () => {
    const { clock } = made;
    const connectivity = new Connectivity(clock);
    connectivity.succeeded(1_000_000);
    clock.advance(700.5);
    clock.jump(60_000);
    expect(connectivity.databaseNow).toBe(1_000_700);
    connectivity.succeeded(5_000_000);
    expect(connectivity.databaseNow).toBe(5_000_000);
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
