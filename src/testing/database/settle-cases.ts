import assert from 'node:assert/strict';
import type { Topics } from '../conformance.ts';
import {
  A_MINUTE_MS,
  CRASH_LIMIT,
  CRASHED,
  type DatabaseTester,
  FAILED,
  failure,
  INTERRUPTION_LIMIT,
  LEASE_MS,
  retry,
  SUCCEEDED,
} from './database-tester.ts';

export const SETTLE_CASES: Topics<DatabaseTester> = {
  'settle: outcomes': {
    'keeps the result of a run that succeeded': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      t.clock.advance(500);
      const record = await t.settled(held, { kind: 'succeeded', result: '{"ä":"😀"}', followUps: [] });
      assert.deepEqual(
        [record.state, record.version, record.finishedAt, record.attempts],
        ['succeeded', 3, t.clock.now(), 0],
      );
      const lookup = await t.lookup(message);
      assert.equal(lookup.kind === 'found' && lookup.result, '{"ä":"😀"}');
    },
    'keeps the error of a run that failed for good, counted where it was the handler': async (t) => {
      for (const [charged, attempts] of [
        [true, 1],
        [false, 0],
      ] as const) {
        const held = await t.run(t.message());
        const record = await t.settled(held, { kind: 'failed', error: failure('never again'), charged });
        assert.deepEqual([record.state, record.attempts, record.crashes], ['failed', attempts, 0]);
        assert.deepEqual([record.error?.code, record.error?.message], [failure().code, 'never again']);
      }
    },
    'schedules a retry, and counts an attempt': async (t) => {
      const message = t.message();
      const record = await t.settled(await t.run(message), retry(5000));
      assert.deepEqual(
        [record.state, record.attempts, record.dueAt, record.run, record.error?.code],
        ['scheduled', 1, t.clock.now() + 5000, 1, failure().code],
      );
      t.clock.advance(4999);
      assert.deepEqual(await t.due(), []);
      t.clock.advance(1);
      const [again] = await t.publishDue();
      const [verdict] = await t.claim([again ?? assert.fail('not due')]);
      assert.deepEqual(verdict, { kind: 'run', run: 2, attempts: 1, crashes: 0, version: 5, alone: false });
    },
    'expires instead of a retry beyond the deadline': async (t) => {
      const message = t.message({ deadlineAt: t.clock.now() + A_MINUTE_MS });
      const record = await t.settled(await t.run(message), retry(A_MINUTE_MS * 2));
      assert.deepEqual([record.state, record.attempts], ['expired', 1]);
    },
    'schedules a retry that comes before the deadline': async (t) => {
      const message = t.message({ deadlineAt: t.clock.now() + A_MINUTE_MS });
      assert.equal((await t.settled(await t.run(message), retry(1000))).state, 'scheduled');
    },
    'cancels a run that ended because of it': async (t) => {
      const held = await t.run(t.message());
      assert.equal((await t.settled(held, { kind: 'cancelled' })).state, 'cancelled');
    },
    'schedules a crashed run at once and charges the crash, until the limit fails the task': async (t) => {
      const message = t.message();
      let held = await t.run(message);
      for (let crashes = 1; crashes < CRASH_LIMIT; crashes += 1) {
        const record = await t.settled(held, CRASHED);
        assert.deepEqual([record.state, record.crashes, record.attempts], ['scheduled', crashes, 0]);
        const [again] = await t.publishDue();
        const [verdict] = await t.claim([again ?? assert.fail('not due at once')]);
        assert.equal(verdict?.kind === 'run' && verdict.crashes, crashes);
        assert.equal(verdict?.kind === 'run' && verdict.alone, true);
        held = { id: message.id, run: crashes + 1 };
      }
      const record = await t.settled(held, CRASHED);
      assert.deepEqual([record.state, record.crashes], ['failed', CRASH_LIMIT]);
      assert.equal(record.error?.message, 'died');
    },
    'schedules a run that was handed back at once, and charges nothing': async (t) => {
      const record = await t.settled(await t.run(t.message()), { kind: 'returned' });
      assert.deepEqual([record.state, record.attempts, record.crashes], ['scheduled', 0, 0]);
      assert.equal((await t.runAgain()).run, 2);
    },
    'records many outcomes at a time, in order': async (t) => {
      const messages = t.messages(50);
      await t.claim(messages);
      const settlements = messages.map(({ id }, at) => ({
        id,
        run: 1,
        outcome: at % 2 === 0 ? SUCCEEDED : retry(1000),
      }));
      const results = await t.database.settle(settlements);
      await t.look();
      assert.deepEqual(
        results.map((result) => result.kind === 'settled' && [result.record.id, result.record.state]),
        messages.map(({ id }, at) => [id, at % 2 === 0 ? 'succeeded' : 'scheduled']),
      );
    },
    'takes an empty batch': async (t) => {
      assert.deepEqual(await t.database.settle([]), []);
    },
  },
  'settle: fencing': {
    'records nothing of a run that another has replaced': async (t) => {
      const message = t.message();
      const zombie = await t.run(message);
      t.clock.advance(LEASE_MS + 1);
      await t.recover();
      const held = await t.runAgain({ holder: 'worker-2' });
      assert.deepEqual(await t.settle(zombie, SUCCEEDED), { kind: 'lost' });
      assert.equal(await t.state(message), 'running');
      assert.equal((await t.settled(held, { kind: 'cancelled' })).state, 'cancelled');
      assert.deepEqual(await t.settle(zombie, SUCCEEDED), { kind: 'lost' });
      assert.equal(await t.state(message), 'cancelled');
    },
    'records nothing of a run that was recovered': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      t.clock.advance(LEASE_MS + 1);
      await t.recover();
      assert.deepEqual(await t.settle(held, SUCCEEDED), { kind: 'lost' });
      assert.equal(await t.state(message), 'scheduled');
      await t.publishDue();
      assert.deepEqual(await t.settle(held, retry(0)), { kind: 'lost' });
      assert.equal(await t.state(message), 'queued');
    },
    'records nothing of a run that has not begun, or of a task it does not know': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      assert.deepEqual(await t.settle({ ...held, run: 2 }, SUCCEEDED), { kind: 'lost' });
      const [result] = await t.database.settle([{ id: t.message().id, run: 1, outcome: SUCCEEDED }]);
      assert.deepEqual(result, { kind: 'lost' });
      assert.equal(await t.state(message), 'running');
    },
    'still records a run whose lease ran out while nobody has recovered it': async (t) => {
      const held = await t.run(t.message());
      t.clock.advance(LEASE_MS * 10);
      assert.equal((await t.settled(held, SUCCEEDED)).state, 'succeeded');
      assert.deepEqual(await t.recover(), []);
    },
    'says settled again when an answer was lost, whatever the outcome': async (t) => {
      const outcomes = [
        SUCCEEDED,
        retry(1000),
        FAILED,
        { kind: 'cancelled' },
        CRASHED,
        { kind: 'crashed', error: failure(), crashLimit: 1 },
        { kind: 'returned' },
      ] as const;
      for (const outcome of outcomes) {
        const held = await t.run(t.message());
        const first = await t.settled(held, outcome);
        const second = await t.settled(held, outcome);
        assert.deepEqual(second, first, `${outcome.kind} changes nothing the second time`);
      }
    },
    'records one of two outcomes of one run in a batch': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      const [first] = await t.database.settle([
        { ...held, outcome: SUCCEEDED },
        { ...held, outcome: FAILED },
      ]);
      await t.look();
      assert.equal(first?.kind, 'settled');
      assert.deepEqual([await t.state(message), (await t.record(message)).version], ['succeeded', 3]);
    },
    'lets one of two workers that settle the same run together win': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      await Promise.all([
        t.database.settle([{ ...held, outcome: SUCCEEDED }]),
        t.database.settle([{ ...held, outcome: retry(1000) }]),
        t.database.recover({ limit: 10, interruptionLimit: INTERRUPTION_LIMIT, all: true }),
      ]);
      await t.look();
      assert.equal((await t.record(message)).version, 3);
    },
  },
  'settle: follow-ups': {
    'keeps them until they are published, and lends them to one at a time, the settling worker first': async (
      t,
    ) => {
      const message = t.message();
      await t.settled(await t.run(message), { kind: 'succeeded', result: '1', followUps: ['a\n1', 'b\n2'] });
      assert.deepEqual(await t.database.followUps(10), []);
      t.clock.advance(A_MINUTE_MS);
      assert.deepEqual(await t.database.followUps(10), [{ id: message.id, bodies: ['a\n1', 'b\n2'] }]);
      assert.deepEqual(await t.database.followUps(10), []);
      t.clock.advance(A_MINUTE_MS);
      assert.equal((await t.database.followUps(10)).length, 1);
      await t.database.followUpsPublished([message.id]);
      t.clock.advance(A_MINUTE_MS);
      assert.deepEqual(await t.database.followUps(10), []);
      await t.look();
    },
    'gives the oldest first, so many as asked for': async (t) => {
      const messages = t.messages(3);
      for (const message of messages) {
        const followUps = [`${message.id} 1`, `${message.id} 2`];
        await t.settled(await t.run(message), { kind: 'succeeded', result: '1', followUps });
        t.clock.advance(1);
      }
      t.clock.advance(A_MINUTE_MS);
      assert.deepEqual(
        (await t.database.followUps(2)).map(({ id }) => id),
        messages.slice(0, 2).map(({ id }) => id),
      );
    },
    'does not leave any twice when the settle is repeated': async (t) => {
      const held = await t.run(t.message());
      const outcome = { kind: 'succeeded', result: '1', followUps: ['a'] } as const;
      await t.settled(held, outcome);
      await t.database.followUpsPublished([held.id]);
      await t.settled(held, outcome);
      t.clock.advance(A_MINUTE_MS);
      assert.deepEqual(await t.database.followUps(10), []);
    },
  },
};
