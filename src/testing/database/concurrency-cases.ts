import assert from 'node:assert/strict';
import type { Message } from '../../core/message.ts';
import type { Topics } from '../conformance.ts';
import {
  A_MINUTE_MS,
  CRASHED,
  type DatabaseTester,
  FAILED,
  INTERRUPTION_LIMIT,
  LEASE_MS,
  retry,
  SUCCEEDED,
} from './database-tester.ts';

/** Claims each on its own, so that their order is that of the list. */
async function claimInOrder(t: DatabaseTester, messages: readonly Message[]): Promise<string[]> {
  const kinds = [];
  for (const message of messages) kinds.push(await t.verdict(message));
  return kinds;
}

async function dueIds(t: DatabaseTester): Promise<string[]> {
  return (await t.publishDue()).map(({ id }) => id);
}

/** The key is free again, in all of its places, when so many new tasks of it can run and no more. */
async function assertFree(t: DatabaseTester, key: string, limit: number): Promise<void> {
  const probes = Array.from({ length: limit + 1 }, () => t.keyed(key, limit));
  const expected = [...Array.from({ length: limit }, () => 'run'), 'block'];
  assert.deepEqual(await claimInOrder(t, probes), expected, 'no place of the key is lost');
}

type Way = (t: DatabaseTester, message: Message) => Promise<unknown>;

/** Every way in which a task that holds a place, and does not run, can end. */
const ENDS_WHILE_WAITING: Readonly<Record<string, Way>> = {
  'a cancel before its publish': (t, message) => t.cancel(message),
  'a cancel after its publish': async (t, message) => {
    await t.publishDue();
    await t.cancel(message);
  },
  'its deadline': async (t) => {
    const [again] = await t.publishDue();
    t.clock.advance(A_MINUTE_MS * 2);
    assert.equal(await t.verdict(again ?? assert.fail('not due')), 'expire');
  },
  'the rejection of its message': async (t, message) => {
    await t.publishDue();
    await t.reject(message);
  },
};

export const CONCURRENCY_CASES: Topics<DatabaseTester> = {
  'concurrency keys: a limit of one': {
    'runs one at a time, in the order of the claims': async (t) => {
      const messages = Array.from({ length: 4 }, () => t.keyed('k'));
      assert.deepEqual(await claimInOrder(t, messages), ['run', 'block', 'block', 'block']);
      assert.deepEqual(await t.states(messages), ['running', 'blocked', 'blocked', 'blocked']);
      assert.equal((await t.record(messages[1] ?? assert.fail())).version, 2);
      let held = { id: messages[0]?.id ?? '', run: 1 };
      for (const next of messages.slice(1)) {
        await t.settled(held, SUCCEEDED);
        held = await t.runAgain();
        assert.equal(held.id, next.id);
      }
      await t.settled(held, SUCCEEDED);
      await assertFree(t, 'k', 1);
    },
    'orders a batch that is claimed at once by age': async (t) => {
      const messages = Array.from({ length: 3 }, () => t.keyed('k'));
      const verdicts = await t.claim(messages);
      assert.equal(verdicts.filter(({ kind }) => kind === 'run').length, 1);
      assert.equal(verdicts.filter(({ kind }) => kind === 'block').length, 2);
    },
    'keeps the order through every retry, hand-back and crash': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      assert.deepEqual(await claimInOrder(t, [first, second]), ['run', 'block']);
      await t.settled({ id: first.id, run: 1 }, retry(1000));
      assert.equal(await t.verdict(t.keyed('k')), 'block');
      t.clock.advance(1000);
      let held = await t.runAgain();
      assert.deepEqual(held, { id: first.id, run: 2 });
      await t.settled(held, { kind: 'returned' });
      held = await t.runAgain();
      await t.settled(held, CRASHED);
      held = await t.runAgain();
      t.clock.advance(LEASE_MS + 1);
      await t.recover();
      held = await t.runAgain();
      assert.deepEqual(held, { id: first.id, run: 5 });
      await t.settled(held, FAILED);
      assert.deepEqual(await dueIds(t), [second.id]);
    },
    'reserves the place for the one that is released': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      await claimInOrder(t, [first, second]);
      await t.settled({ id: first.id, run: 1 }, SUCCEEDED);
      assert.equal(await t.state(second), 'scheduled');
      assert.equal(await t.verdict(t.keyed('k')), 'block');
      assert.equal((await t.runAgain()).id, second.id);
    },
    'is held from the claim, not by a task that is parked until it is due': async (t) => {
      const delayed = t.message({ concurrencyKey: 'k', concurrencyLimit: 1, dueAt: t.clock.now() + 1000 });
      assert.equal(await t.verdict(delayed), 'park');
      const held = await t.run(t.keyed('k'));
      t.clock.advance(1000);
      const [again] = await t.publishDue();
      assert.equal(await t.verdict(again ?? assert.fail('not due')), 'block');
      await t.settled(held, SUCCEEDED);
      assert.equal((await t.runAgain()).id, delayed.id);
    },
    'keeps keys apart': async (t) => {
      assert.deepEqual(await claimInOrder(t, [t.keyed('a'), t.keyed('b'), t.message()]), [
        'run',
        'run',
        'run',
      ]);
    },
    'drops a copy of a task that is blocked, or blocks it again': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      await claimInOrder(t, [first, second]);
      assert.ok(['block', 'drop'].includes(await t.verdict(second)));
      assert.equal((await t.record(second)).version, 2);
      await t.settled({ id: first.id, run: 1 }, SUCCEEDED);
      await t.settled(await t.runAgain(), SUCCEEDED);
      await assertFree(t, 'k', 1);
    },
  },
  'concurrency keys: a larger limit': {
    'runs so many at a time, and releases the one that waits longest': async (t) => {
      const messages = Array.from({ length: 5 }, () => t.keyed('k', 3));
      assert.deepEqual(await claimInOrder(t, messages), ['run', 'run', 'run', 'block', 'block']);
      await t.settled({ id: messages[1]?.id ?? '', run: 1 }, SUCCEEDED);
      assert.deepEqual(await dueIds(t), [messages[3]?.id]);
      await t.settled({ id: messages[0]?.id ?? '', run: 1 }, SUCCEEDED);
      assert.deepEqual(await dueIds(t), [messages[4]?.id]);
    },
    'is free for others during a back-off': async (t) => {
      const [first, second, third] = [t.keyed('k', 2), t.keyed('k', 2), t.keyed('k', 2)];
      await claimInOrder(t, [first, second, third]);
      await t.settled({ id: first.id, run: 1 }, retry(1000));
      const held = await t.runAgain();
      assert.equal(held.id, third.id);
      t.clock.advance(1000);
      const [again] = await t.publishDue();
      assert.equal(await t.verdict(again ?? assert.fail('not due')), 'block');
      await t.settled(held, SUCCEEDED);
      assert.deepEqual(await t.runAgain(), { id: first.id, run: 2 });
    },
  },
  'concurrency keys: release': {
    'follows a recovery that fails the task': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      await claimInOrder(t, [first, second]);
      for (let interruptions = 1; interruptions < INTERRUPTION_LIMIT; interruptions += 1) {
        t.clock.advance(LEASE_MS + 1);
        await t.recover();
        t.clock.advance(A_MINUTE_MS);
        assert.equal((await t.beginAgain()).id, first.id);
      }
      t.clock.advance(LEASE_MS + 1);
      await t.recover();
      assert.equal(await t.state(first), 'failed');
      assert.equal((await t.runAgain()).id, second.id);
    },
    'follows a recovery that cancels the task': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      await claimInOrder(t, [first, second]);
      await t.cancel(first);
      assert.equal(await t.state(second), 'blocked');
      t.clock.advance(LEASE_MS + 1);
      await t.recover();
      assert.equal((await t.runAgain()).id, second.id);
    },
    'comes once when a settle is repeated': async (t) => {
      const messages = Array.from({ length: 3 }, () => t.keyed('k'));
      await claimInOrder(t, messages);
      const held = { id: messages[0]?.id ?? '', run: 1 };
      await t.settled(held, SUCCEEDED);
      await t.settled(held, SUCCEEDED);
      assert.deepEqual(await t.states(messages), ['succeeded', 'scheduled', 'blocked']);
    },
    'passes over those that were cancelled meanwhile': async (t) => {
      const messages = Array.from({ length: 3 }, () => t.keyed('k'));
      await claimInOrder(t, messages);
      await t.cancel(messages[1] ?? assert.fail());
      await t.settled({ id: messages[0]?.id ?? '', run: 1 }, SUCCEEDED);
      assert.equal((await t.runAgain()).id, messages[2]?.id);
    },
    'follows every end of a task that waits in its place': async (t) => {
      for (const [way, end] of Object.entries(ENDS_WHILE_WAITING)) {
        const deadlineAt = t.clock.now() + A_MINUTE_MS;
        const [first, third] = [t.keyed(way), t.keyed(way)];
        const second = t.message({ concurrencyKey: way, concurrencyLimit: 1, deadlineAt });
        await claimInOrder(t, [first, second, third]);
        await t.settled({ id: first.id, run: 1 }, SUCCEEDED);
        assert.equal(await t.state(second), 'scheduled');
        await end(t, second);
        const held = await t.runAgain();
        assert.equal(held.id, third.id, `the next is released after ${way}`);
        await t.settled(held, SUCCEEDED);
        await assertFree(t, way, 1);
        for (const record of (await t.database.list({ tenant: 'default', state: 'running', limit: 10 }))
          .tasks)
          await t.settled({ id: record.id, run: record.run }, SUCCEEDED);
        await t.settled(await t.runAgain(), SUCCEEDED);
      }
    },
    'follows the end of a retry that would come after its deadline': async (t) => {
      const first = t.message({
        concurrencyKey: 'k',
        concurrencyLimit: 1,
        deadlineAt: t.clock.now() + A_MINUTE_MS,
      });
      const second = t.keyed('k');
      await claimInOrder(t, [first, second]);
      assert.equal((await t.settled({ id: first.id, run: 1 }, retry(A_MINUTE_MS * 2))).state, 'expired');
      assert.equal((await t.runAgain()).id, second.id);
    },
    'does not lose a place when the released task is parked by a worker that lacks it': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      await claimInOrder(t, [first, second]);
      await t.settled({ id: first.id, run: 1 }, SUCCEEDED);
      const [again] = await t.publishDue();
      const reason = { code: 'SLUICE_TASK_NOT_HERE', message: 'not here' };
      const park = { forMs: 30_000, atMostMs: 30_000, reason };
      assert.equal(await t.verdict(again ?? assert.fail(), { park }), 'park');
      t.clock.advance(30_000);
      await t.settled(await t.runAgain(), SUCCEEDED);
      await assertFree(t, 'k', 1);
    },
  },
};
