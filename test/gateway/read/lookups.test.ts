import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { TaskIds } from '../../../src/core/task-id.ts';
import type { Lookup } from '../../../src/database/database.ts';
import { Lookups } from '../../../src/gateway/read/lookups.ts';
import { FakeDatabase, recordOf } from '../fakes.ts';
import { SECRET } from '../start-gateway.ts';

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
