import assert from 'node:assert/strict';
import type { Topics } from '../conformance.ts';
import {
  CRASHED,
  type DatabaseTester,
  HORIZON_MS,
  LEASE_MS,
  RETENTION,
  retry,
  SUCCEEDED,
} from './database-tester.ts';

export const CANCEL_CASES: Topics<DatabaseTester> = {
  'cancel: before the claim': {
    'ends the task, and the claim that comes later drops it': async (t) => {
      const message = t.message({ queue: 'images' });
      const result = await t.cancel(message);
      assert.equal(result.kind, 'cancelled');
      const { state, version, task, tenant } = await t.record(message);
      assert.deepEqual([state, version, task, tenant], ['cancelled', 2, '', 'default']);
      assert.equal(await t.verdict(message), 'drop');
      const record = await t.record(message);
      assert.deepEqual([record.task, record.queue, record.version, record.run], ['resize', 'images', 2, 0]);
    },
    'holds for every id of one idempotency key': async (t) => {
      const first = t.message({ idempotencyKey: 'k' });
      const second = t.message({ idempotencyKey: 'k' });
      assert.equal((await t.cancel(first)).kind, 'cancelled');
      assert.equal(await t.verdict(second), 'drop');
      assert.equal((await t.record(second)).id, first.id);
      assert.equal((await t.cancel(second)).kind, 'ended');
    },
    'does nothing by an id whose idempotency key another request has won with other content': async (t) => {
      const winner = t.message({ idempotencyKey: 'k', input: '1' });
      const loser = t.message({ idempotencyKey: 'k', input: '2' });
      const copy = t.message({ idempotencyKey: 'k', input: '1' });
      const held = await t.run(winner);
      const before = await t.record(winner);
      assert.deepEqual(await t.cancel(loser), { kind: 'reused', winner: winner.id });
      assert.deepEqual(await t.record(winner), before);
      assert.equal((await t.cancel(copy)).kind, 'requested');
      assert.equal((await t.settled(held, { kind: 'cancelled' })).state, 'cancelled');
      assert.deepEqual(await t.cancel(loser), { kind: 'reused', winner: winner.id });
    },
    'lets either the claim or the cancel win when they come together': async (t) => {
      const messages = t.messages(20);
      const claims = messages.map((message) => t.toClaim(message));
      const [verdicts, cancels] = await Promise.all([
        t.database.claim(claims, { holder: 'worker-1', durationMs: LEASE_MS }),
        Promise.all(
          messages.map((message) => t.database.cancel(t.idOf(message), message.tenant, HORIZON_MS)),
        ),
      ]);
      for (const [at, message] of messages.entries()) {
        const ran = verdicts[at]?.kind === 'run';
        assert.equal(cancels[at]?.kind, ran ? 'requested' : 'cancelled');
        assert.equal(await t.state(message), ran ? 'running' : 'cancelled');
      }
    },
  },
  'cancel: a task that waits': {
    'ends one that is queued, and drops its message': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), retry(0));
      const [again] = await t.publishDue();
      assert.equal((await t.cancel(message)).kind, 'cancelled');
      assert.equal(await t.verdict(again ?? message), 'drop');
      assert.equal(await t.state(message), 'cancelled');
    },
    'ends one that is scheduled, so that it is never due': async (t) => {
      const message = t.message({ dueAt: t.clock.now() + 1000 });
      await t.claim([message]);
      assert.equal((await t.cancel(message)).kind, 'cancelled');
      t.clock.advance(2000);
      assert.deepEqual(await t.due(), []);
      assert.equal(await t.verdict(message), 'drop');
    },
    'ends one that is leased to be published, so that the publish does not count': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), retry(0));
      const due = await t.due();
      await t.cancel(message);
      await t.published(due);
      assert.equal(await t.state(message), 'cancelled');
      assert.equal(await t.verdict(t.again(due[0] ?? assert.fail())), 'drop');
    },
    'ends one that is blocked': async (t) => {
      const [first, second] = [t.keyed('k'), t.keyed('k')];
      const held = await t.run(first);
      await t.claim([second]);
      assert.equal((await t.cancel(second)).kind, 'cancelled');
      await t.settled(held, SUCCEEDED);
      assert.deepEqual(await t.due(), []);
    },
  },
  'cancel: a task that runs': {
    'is asked for, and seen by the worker that extends its lease': async (t) => {
      const [message, other] = [t.message(), t.message()];
      const held = [await t.run(message), await t.run(other)];
      const result = await t.cancel(message);
      assert.equal(result.kind, 'requested');
      const record = await t.record(message);
      assert.deepEqual([record.state, record.cancelRequested], ['running', true]);
      assert.equal((await t.cancel(message)).kind, 'requested');
      assert.deepEqual(await t.extend(held), { lost: [], cancelRequested: [message.id] });
    },
    'does not take away the result of a run that succeeded all the same': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      await t.cancel(message);
      assert.equal((await t.settled(held, SUCCEEDED)).state, 'succeeded');
    },
    'lets no run follow, however the run ends': async (t) => {
      const outcomes = [{ kind: 'cancelled' }, { kind: 'returned' }, retry(1000), CRASHED] as const;
      for (const outcome of outcomes) {
        const message = t.message();
        const held = await t.run(message);
        await t.cancel(message);
        assert.equal((await t.settled(held, outcome)).state, 'cancelled', outcome.kind);
        assert.equal((await t.settled(held, outcome)).state, 'cancelled', `${outcome.kind}, repeated`);
      }
      t.clock.advance(2000);
      assert.deepEqual(await t.due(), []);
    },
    'is honoured by recovery': async (t) => {
      const message = t.message();
      await t.run(message);
      await t.cancel(message);
      t.clock.advance(LEASE_MS + 1);
      assert.equal((await t.recover())[0]?.state, 'cancelled');
    },
  },
  'cancel: a task that has ended': {
    'changes nothing': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), SUCCEEDED);
      const before = await t.record(message);
      const result = await t.cancel(message);
      assert.equal(result.kind === 'ended' && result.record.state, 'succeeded');
      assert.deepEqual(await t.record(message), before);
    },
    'tells that it is gone once retention has removed it': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), SUCCEEDED);
      t.clock.advance(RETENTION.rowsMs + 1);
      await t.sweep();
      assert.equal((await t.cancel(message)).kind, 'gone');
    },
    'does not bring it back once even its tombstone is gone, nor takes its idempotency key': async (t) => {
      const message = t.message({ idempotencyKey: 'k' });
      await t.settled(await t.run(message), SUCCEEDED);
      t.clock.advance(RETENTION.rowsMs + 1);
      await t.sweep();
      t.clock.advance(RETENTION.horizonMs);
      await t.sweep();
      t.forgetTheEnded();
      assert.equal((await t.cancel(message)).kind, 'gone');
      assert.equal(await t.state(message), 'none');
      assert.equal(await t.verdict(t.message({ idempotencyKey: 'k' })), 'run');
    },
    'still cancels one that waits, however long it has waited': async (t) => {
      const [parked, copy] = [1, 2].map(() =>
        t.message({ idempotencyKey: 'k', dueAt: t.clock.now() + HORIZON_MS * 2 }),
      );
      assert.ok(parked && copy);
      await t.claim([parked]);
      t.clock.advance(HORIZON_MS + 1);
      assert.equal((await t.cancel(copy)).kind, 'cancelled');
      assert.equal((await t.record(copy)).id, parked.id);
    },
  },
};
