import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeMessage } from '../../src/core/message.ts';
import { SQLITE_DATABASE_MODULE, SqliteDatabase } from '../../src/database/sqlite/sqlite-database.ts';
import { Connectivity } from '../../src/scheduler/connectivity.ts';
import { DuePublisher } from '../../src/scheduler/due-publisher.ts';
import { Republisher } from '../../src/scheduler/republisher.ts';
import { HEALTHY_MS, RunRecoverer } from '../../src/scheduler/run-recoverer.ts';
import { HORIZON_MS, LEASE_MS } from '../../src/testing/database/database-tester.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { idOf } from '../database/postgres/work-load.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';
import { fakes, message } from './fakes.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };
const ROUND_MS = 500;
const EXTEND_MS = 5000;

let folder: StoreFolder;

beforeEach(async () => {
  folder = await StoreFolder.make([SQLITE_DATABASE_MODULE]);
});

afterEach(async () => folder.remove());

/** A scheduler whose database goes by a clock of its own, and a worker that lives and holds a run there. */
async function start() {
  const made = fakes();
  const leases = fakeClock();
  const database = new SqliteDatabase({ store: folder.store, clock: leases });
  const options = { ...made.options, database };
  const connectivity = new Connectivity(made.clock);
  const publisher = new DuePublisher(options, new Republisher(options), connectivity);
  const recoverer = new RunRecoverer({ ...options, connectivity, onScheduled: () => undefined });
  const held = message({ publishedAt: leases.now() });
  await database.claim([{ message: held, body: encodeMessage(held), horizonMs: HORIZON_MS }], LEASE);
  /** So much time goes by, with all that happens in it. */
  const pass = async (ms: number, alive: boolean): Promise<void> => {
    for (let passed = 0; passed < ms; passed += ROUND_MS) {
      for (const clock of [made.clock, leases]) clock.advance(ROUND_MS);
      await publisher.run();
      await recoverer.run();
      if (alive && passed % EXTEND_MS === 0) await database.extend([{ id: held.id, run: 1 }], LEASE);
    }
  };
  const state = async (): Promise<string> => {
    const [lookup] = await database.get([idOf(held)]);
    return lookup?.kind === 'found' ? lookup.record.state : 'none';
  };
  return { leases, publisher, recoverer, pass, state };
}

test.each([LEASE_MS, LEASE_MS * 100, -LEASE_MS * 100])(
  'the clock of the database is set by %i ms, and no run is taken from a worker that lives',
  async (stepMs) => {
    const { leases, recoverer, pass, state } = await start();
    await pass(HEALTHY_MS + EXTEND_MS, true);
    leases.jump(stepMs);
    // Before anybody has been told of it.
    await recoverer.run();
    expect(await state()).toBe('running');
    await pass(HEALTHY_MS * 2, true);
    expect(await state()).toBe('running');
  },
);

test('after the clock of the database was set, a run whose worker is silent is recovered all the same', async () => {
  const { leases, pass, state } = await start();
  await pass(HEALTHY_MS + EXTEND_MS, true);
  leases.jump(LEASE_MS * 100);
  await pass(EXTEND_MS, true);
  await pass(HEALTHY_MS * 2, false);
  // It was due, and is in the queue again.
  expect(await state()).toBe('queued');
});
