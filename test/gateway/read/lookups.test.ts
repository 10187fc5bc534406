import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { TaskIds } from '../../../src/core/task-id.ts';
import type { Lookup } from '../../../src/database/database.ts';
import { Lookups } from '../../../src/gateway/read/lookups.ts';
import { fakeClock } from '../../../src/testing/fake-clock.ts';
import { FakeDatabase, recordOf } from '../fakes.ts';
import { SECRET } from '../start-gateway.ts';

const DEADLINE_MS = 1000;
const REST_MS = 1000;

const taskIds = new TaskIds([SECRET], systemClock, systemRandom);
const mint = () => taskIds.mint({ tenant: 'default', task: 'resize', content: [] });

describe('Lookups', () => {
  it('asks once for all that is looked up in one turn, and once for each task', async () => {
    const database = new FakeDatabase();
    const lookups = new Lookups(database, systemClock, silentLogger);
    const ids = Array.from({ length: 20 }, mint);
    for (const id of ids.slice(1)) database.put(id, { record: recordOf(id) });
    const found = await Promise.all([...ids, ...ids].map((id) => lookups.find(id)));
    expect(database.gets).toEqual([ids.map(({ text }) => text)]);
    // Each gets the answer to its own question.
    const told = found.map((lookup) => (lookup?.kind === 'found' ? lookup.record.id : undefined));
    const expected = ids.map(({ text }, at) => (at === 0 ? undefined : text));
    expect(told).toEqual([...expected, ...expected]);
  });

  it('gathers while two batches are under way, and then asks for what has come', async () => {
    const asked: ((lookups: Lookup[]) => void)[] = [];
    const batches: number[] = [];
    const lookups = new Lookups(
      {
        get: (ids) => {
          batches.push(ids.length);
          return new Promise((resolve) => asked.push(resolve));
        },
      },
      systemClock,
      silentLogger,
    );
    const first = lookups.find(mint());
    await expect.poll(() => batches).toEqual([1]);
    void lookups.find(mint());
    await expect.poll(() => batches).toEqual([1, 1]);
    for (let more = 0; more < 300; more++) void lookups.find(mint());
    asked[0]?.([{ kind: 'none' }]);
    expect(await first).toEqual({ kind: 'none' });
    await expect.poll(() => batches).toEqual([1, 1, 256]);
    asked[1]?.([{ kind: 'none' }]);
    await expect.poll(() => batches).toEqual([1, 1, 256, 44]);
  });
});

describe('Lookups in a database that is frozen', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  /** Two batches have passed their deadline, and more have waited meanwhile. */
  async function frozen() {
    const [clock, database] = [fakeClock(), new FakeDatabase()];
    database.mode = 'hangs';
    const lookups = new Lookups(database, clock, silentLogger);
    const found = Promise.all(Array.from({ length: 1000 }, () => lookups.find(mint())));
    await expect.poll(() => database.gets.length).toBe(2);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    return { clock, database, lookups, found: await found, asked: database.gets.length };
  }

  it('keep nobody waiting for longer than one deadline', async () => {
    const { found, asked } = await frozen();
    expect(new Set(found)).toEqual(new Set([undefined]));
    // A third may begin between the ends of the two.
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('keep one batch waiting after each rest, and nobody else, even for the same task', async () => {
    const { clock, database, lookups, asked } = await frozen();
    expect(await lookups.find(mint())).toBeUndefined();
    for (let rest = 1; rest <= 3; rest += 1) {
      clock.advance(REST_MS);
      const id = mint();
      const probe = lookups.find(id);
      await expect.poll(() => database.gets).toHaveLength(asked + rest);
      expect(await Promise.all([lookups.find(id), lookups.find(mint())])).toEqual([undefined, undefined]);
      await vi.advanceTimersByTimeAsync(DEADLINE_MS);
      expect(await probe).toBeUndefined();
      expect(await lookups.find(mint())).toBeUndefined();
    }
    expect(database.gets).toHaveLength(asked + 3);
  });

  it('find again what is there once it goes on', async () => {
    const { clock, database, lookups } = await frozen();
    database.mode = 'works';
    clock.advance(REST_MS);
    for (let time = 0; time < 2; time += 1) expect(await lookups.find(mint())).toEqual({ kind: 'none' });
  });
});
