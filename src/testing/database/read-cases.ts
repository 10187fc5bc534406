import assert from 'node:assert/strict';
import { isPk } from '../../core/task-id.ts';
import type { ListFilter } from '../../database/database.ts';
import type { Topics } from '../conformance.ts';
import { type DatabaseTester, retry, SUCCEEDED } from './database-tester.ts';

async function listAll(t: DatabaseTester, filter: Omit<ListFilter, 'cursor'>): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 1000; page += 1) {
    const { tasks, next } = await t.database.list({ ...filter, cursor });
    assert.ok(tasks.length <= filter.limit, 'a page is no longer than asked for');
    ids.push(...tasks.map(({ id }) => id));
    if (next === undefined) return ids;
    assert.ok(isPk(next), 'the next page begins behind a primary key');
    cursor = next;
  }
  return assert.fail('the pages never end');
}

export const READ_CASES: Topics<DatabaseTester> = {
  reads: {
    'answers for every id, in order, and says none of those it has not seen': async (t) => {
      const [a, b, unknown] = t.messages(3);
      assert.ok(a && b && unknown);
      await t.claim([a, b]);
      const lookups = await t.database.get([b, unknown, a].map((message) => t.idOf(message)));
      assert.deepEqual(
        lookups.map((lookup) => (lookup.kind === 'found' ? lookup.record.id : lookup.kind)),
        [b.id, 'none', a.id],
      );
      assert.deepEqual(await t.database.get([]), []);
    },
    'keeps what the message said of the task': async (t) => {
      const parentId = t.message().id;
      const message = t.message({ parentId, tags: ['x', 'ä"\''], concurrencyKey: 'k', concurrencyLimit: 2 });
      await t.claim([message]);
      const record = await t.record(message);
      assert.deepEqual(
        [record.parentId, record.tags, record.concurrencyKey, record.createdAt],
        [parentId, ['x', 'ä"\''], 'k', t.idOf(message).time],
      );
    },
    'survives a restart, and a crash': async (t) => {
      const [parked, ended] = [t.message({ dueAt: t.clock.now() + 1e6 }), t.message()];
      await t.claim([parked]);
      await t.settled(await t.run(ended), SUCCEEDED);
      const before = [await t.record(parked), await t.lookup(ended)];
      await t.reopen('close');
      assert.deepEqual([await t.record(parked), await t.lookup(ended)], before);
      await t.reopen('crash');
      assert.deepEqual([await t.record(parked), await t.lookup(ended)], before);
    },
    'says what its engine promises': async (t) => {
      const health = await t.database.health();
      assert.equal(health.ok, true);
      assert.ok(health.durability.length > 0 && typeof health.durable === 'boolean');
    },
  },
  'reads: list': {
    'gives every task once, newest first, whatever the length of a page': async (t) => {
      const messages = t.messages(23);
      await t.claim(messages.toReversed());
      const newestFirst = messages.map(({ id }) => id).toReversed();
      for (const limit of [1, 5, 23, 100]) {
        assert.deepEqual(await listAll(t, { tenant: 'default', limit }), newestFirst);
      }
    },
    'has no gap and no repetition when tasks come meanwhile': async (t) => {
      const messages = t.messages(10);
      await t.claim(messages);
      const first = await t.database.list({ tenant: 'default', limit: 4 });
      await t.claim(t.messages(5));
      const rest = await t.database.list({ tenant: 'default', limit: 100, cursor: first.next });
      assert.deepEqual(
        [...first.tasks, ...rest.tasks].map(({ id }) => id),
        messages.map(({ id }) => id).toReversed(),
      );
    },
    'shows a tenant nothing of another': async (t) => {
      const mine = t.messages(3, { tenant: 'a', tags: ['x'] });
      const theirs = t.messages(3, { tenant: 'b', tags: ['x'] });
      await t.claim([...mine, ...theirs]);
      for (const filter of [{}, { tag: 'x' }, { task: 'resize' }, { state: 'running' }] as const) {
        const ids = await listAll(t, { tenant: 'a', limit: 2, ...filter });
        assert.deepEqual(ids, mine.map(({ id }) => id).toReversed());
      }
      assert.deepEqual(await listAll(t, { tenant: 'c', limit: 2 }), []);
    },
    'filters by state, task and tag, alone and together': async (t) => {
      const a = t.message({ task: 'resize', tags: ['x', 'y'] });
      const b = t.message({ task: 'resize', tags: ['xy'] });
      const c = t.message({ task: 'report', tags: ['x'] });
      await t.claim([a, b, c]);
      await t.settled({ id: a.id, run: 1 }, SUCCEEDED);
      const filter = (fields: Partial<ListFilter>): Promise<string[]> =>
        listAll(t, { tenant: 'default', limit: 2, ...fields });
      assert.deepEqual(await filter({ task: 'resize' }), [b.id, a.id]);
      assert.deepEqual(await filter({ state: 'running' }), [c.id, b.id]);
      assert.deepEqual(await filter({ tag: 'x' }), [c.id, a.id]);
      assert.deepEqual(await filter({ tag: 'x', task: 'resize', state: 'succeeded' }), [a.id]);
      assert.deepEqual(await filter({ tag: 'x', task: 'resize', state: 'running' }), []);
    },
  },
  'reads: counts': {
    'counts what waits and runs': async (t) => {
      const messages = t.messages(3);
      await t.claim([...messages, t.message({ dueAt: t.clock.now() + 1e6 })]);
      await t.claim([t.keyed('k')]);
      await t.claim([t.keyed('k')]);
      await t.settled({ id: messages[0]?.id ?? '', run: 1 }, SUCCEEDED);
      await t.settled({ id: messages[1]?.id ?? '', run: 1 }, retry(0));
      await t.publishDue();
      const { running = 0, scheduled = 0, blocked = 0, queued = 0 } = await t.database.counts();
      assert.deepEqual(
        { running, scheduled, blocked, queued },
        { running: 2, scheduled: 1, blocked: 1, queued: 1 },
      );
    },
  },
};
