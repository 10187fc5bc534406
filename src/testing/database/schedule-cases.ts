import assert from 'node:assert/strict';
import { BATCH_BYTES } from '../../core/batch-size.ts';
import type { Message } from '../../core/message.ts';
import type { Topics } from '../conformance.ts';
import { A_MINUTE_MS, type DatabaseTester, PUBLISH_LEASE_MS, retry, SUCCEEDED } from './database-tester.ts';

const STEP_MS = 5000;
const PATIENCE_STEPS = 5000;

async function toRetry(t: DatabaseTester, afterMs = 0): Promise<Message> {
  const message = t.message();
  await t.settled(await t.run(message), retry(afterMs));
  return message;
}

/** How long after its publish a queued task is found to be lost, and publishes it again. */
async function timeToReconcile(t: DatabaseTester, message: Message): Promise<number> {
  const start = t.clock.now();
  for (let step = 0; step < PATIENCE_STEPS; step += 1) {
    t.clock.advance(STEP_MS);
    if ((await t.reconcile(message, t.clock.now())) > 0) {
      const found = t.clock.now() - start;
      assert.equal((await t.publishDue()).length, 1);
      return found;
    }
  }
  return assert.fail('a queued task is never found to be lost');
}

export const SCHEDULE_CASES: Topics<DatabaseTester> = {
  'publish again: due tasks': {
    'are lent to one at a time, until the lease for the publish ran out': async (t) => {
      const message = await toRetry(t);
      const [due] = await t.due();
      assert.deepEqual([due?.id, due?.run, due?.version], [message.id, 2, 3]);
      assert.deepEqual(await t.due(), []);
      t.clock.advance(PUBLISH_LEASE_MS - 1);
      assert.deepEqual(await t.due(), []);
      t.clock.advance(2);
      assert.deepEqual(await t.due(), [due]);
    },
    'come with the message that the task was first claimed by, and every field of it': async (t) => {
      const message = t.message({ dueAt: t.clock.now() + 1000, tags: ['x'] });
      const claim = t.toClaim(message);
      const body = claim.body.replace('{', '{"later":{"a":[1]},');
      await t.database.claim([{ ...claim, body }], { holder: 'worker-1', durationMs: 1000 });
      t.clock.advance(1000);
      assert.equal((await t.due())[0]?.body, body);
    },
    'come oldest first, so many as asked for': async (t) => {
      const messages = [await toRetry(t, 3000), await toRetry(t, 1000), await toRetry(t, 2000)];
      t.clock.advance(5000);
      const order = [...(await t.due(2)), ...(await t.due(2))].map(({ id }) => id);
      assert.deepEqual(order, [messages[1]?.id, messages[2]?.id, messages[0]?.id]);
    },
    'come in pieces of a bounded size, one at least, with word of what is left': async (t) => {
      const sizes = [BATCH_BYTES + 1, BATCH_BYTES / 2, BATCH_BYTES / 4, BATCH_BYTES / 2, 1, 1];
      const messages = [];
      for (const bytes of sizes) {
        const message = t.message({ input: `"${'x'.repeat(bytes)}"` });
        messages.push(message.id);
        await t.settled(await t.run(message), retry(0));
      }
      const pieces = [];
      for (let piece = 0; piece < 5; piece += 1) pieces.push(await t.database.due(3));
      assert.deepEqual(
        pieces.map(({ tasks, more }) => [tasks.length, more]),
        [
          [1, true],
          [2, true],
          [3, true],
          [0, false],
          [0, false],
        ],
      );
      assert.deepEqual(
        pieces.flatMap(({ tasks }) => tasks.map(({ id }) => id)),
        messages,
      );
    },
    'are lent once to schedulers that ask together': async (t) => {
      const messages = [];
      for (let count = 0; count < 20; count += 1) messages.push(await toRetry(t));
      const lent = await Promise.all([1, 2, 3].map(() => t.database.due(20)));
      const ids = lent.flatMap(({ tasks }) => tasks).map(({ id }) => id);
      assert.deepEqual([...ids].sort(), messages.map(({ id }) => id).sort());
    },
    'come with the time that the database goes by, though none is due': async (t) => {
      assert.deepEqual(await t.database.due(1), { tasks: [], more: false, now: t.clock.now() });
      t.clock.jump(A_MINUTE_MS);
      assert.deepEqual(await t.database.due(1), { tasks: [], more: false, now: t.clock.now() });
    },
    'survive a process that dies before it has published them': async (t) => {
      await toRetry(t);
      await t.due();
      await t.reopen('crash');
      t.clock.advance(PUBLISH_LEASE_MS + 1);
      assert.equal((await t.runAgain()).run, 2);
    },
  },
  'publish again: published': {
    'marks a task queued, once': async (t) => {
      const message = await toRetry(t);
      const due = await t.due();
      await t.published(due);
      assert.deepEqual([await t.state(message), (await t.record(message)).version], ['queued', 4]);
      await t.published(due);
      assert.equal((await t.record(message)).version, 4);
      t.clock.advance(A_MINUTE_MS);
      assert.deepEqual(await t.due(), []);
    },
    'does nothing where the version has moved on': async (t) => {
      const message = await toRetry(t);
      const [due] = await t.due();
      assert.ok(due);
      await t.settled(await t.run(t.again(due)), retry(A_MINUTE_MS));
      await t.published([due]);
      assert.equal(await t.state(message), 'scheduled');
    },
    'leaves a task to be published again when it is never confirmed': async (t) => {
      const message = await toRetry(t);
      const [due] = await t.due();
      t.clock.advance(PUBLISH_LEASE_MS + 1);
      const [again] = await t.publishDue();
      assert.equal(await t.verdict(again ?? assert.fail('not due again')), 'run');
      assert.equal(await t.verdict(t.again(due ?? assert.fail())), 'drop');
      assert.equal((await t.record(message)).run, 2);
    },
  },
  'publish again: reconciliation': {
    'schedules what has been queued for too long, and the same run is asked for': async (t) => {
      const message = await toRetry(t);
      const [lost] = await t.publishDue();
      assert.equal(await t.reconcile(message, t.clock.now() - 1), 0);
      t.clock.advance(A_MINUTE_MS);
      assert.equal(await t.reconcile(message, t.clock.now()), 1);
      assert.equal(await t.state(message), 'scheduled');
      const [again] = await t.publishDue();
      assert.equal(again?.run, lost?.run);
      assert.equal(await t.verdict(again ?? message), 'run');
      assert.equal(await t.verdict(lost ?? message), 'drop');
    },
    'takes the message that was thought to be lost and was only late': async (t) => {
      const message = await toRetry(t);
      const [late] = await t.publishDue();
      t.clock.advance(A_MINUTE_MS);
      await t.reconcile(message, t.clock.now());
      assert.equal(await t.verdict(late ?? message), 'run');
      assert.deepEqual(await t.due(), []);
    },
    'looks at one address, and at queued tasks only': async (t) => {
      const message = await toRetry(t);
      await t.publishDue();
      const other = t.message({ dueAt: t.clock.now() + 1e9 });
      await t.claim([other]);
      await t.run(t.message());
      t.clock.advance(A_MINUTE_MS);
      for (const elsewhere of [{ queue: 'images' }, { priority: 'high' }, { lane: 1 }] as const) {
        assert.equal(await t.reconcile({ ...message, ...elsewhere }, t.clock.now()), 0);
      }
      assert.equal(await t.reconcile(message, t.clock.now()), 1);
    },
    'finds what was queued before the clock was set back where it is asked to': async (t) => {
      const message = await toRetry(t);
      await t.publishDue();
      t.clock.advance(A_MINUTE_MS);
      assert.equal(await t.reconcile(message, t.clock.now()), 1);
      await t.publishDue();
      t.clock.jump(-A_MINUTE_MS * 60);
      const now = t.clock.now();
      const other = await toRetry(t);
      await t.publishDue();
      assert.equal(await t.reconcile(message, now), 0);
      assert.equal(await t.reconcile(message, now, now + A_MINUTE_MS), 1);
      assert.deepEqual(await t.states([message, other]), ['scheduled', 'queued']);
      assert.equal((await t.publishDue())[0]?.id, message.id);
      assert.equal(await t.reconcile(message, now, now + A_MINUTE_MS), 0);
    },
    'takes no more at a time than is asked for': async (t) => {
      for (const at of [-1, -2, 1, 2, 3]) {
        t.clock.jump(at * A_MINUTE_MS * 10);
        await toRetry(t);
        await t.publishDue();
        t.clock.jump(-at * A_MINUTE_MS * 10);
      }
      const now = t.clock.now();
      const counts = [];
      for (let round = 0; round < 4; round += 1) {
        counts.push(await t.database.reconcile(t.message(), { before: now, after: now, limit: 2 }));
      }
      assert.deepEqual(counts, [2, 2, 1, 0]);
    },
    'doubles the time until the same task can be found again': async (t) => {
      const message = await toRetry(t);
      await t.publishDue();
      await timeToReconcile(t, message);
      const gaps = [];
      for (let round = 0; round < 3; round += 1) gaps.push(await timeToReconcile(t, message));
      const [first = 0, second = 0, third = 0] = gaps;
      assert.ok(second >= 2 * first - 2 * STEP_MS && second > first, `gaps: ${gaps.join(', ')}`);
      assert.ok(third >= 2 * second - 2 * STEP_MS && third > second, `gaps: ${gaps.join(', ')}`);
    },
  },
  'publish again: rejected messages': {
    'fails a task that has no row, and one that waits': async (t) => {
      const [unknown, waiting] = [t.message(), await toRetry(t, 1000)];
      await t.reject(unknown);
      await t.reject(waiting);
      assert.deepEqual(await t.states([unknown, waiting]), ['failed', 'failed']);
      const record = await t.record(unknown);
      assert.deepEqual(
        [record.task, record.tenant, record.version, record.error?.code],
        ['resize', 'default', 2, 'SLUICE_MESSAGE_INVALID'],
      );
      t.clock.advance(2000);
      assert.deepEqual(await t.due(), []);
      assert.equal(await t.verdict(unknown), 'drop');
    },
    'leaves a task that runs or has ended alone': async (t) => {
      const [running, ended] = t.messages(2);
      assert.ok(running && ended);
      await t.run(running);
      await t.settled(await t.run(ended), SUCCEEDED);
      await t.reject(running);
      await t.reject(ended);
      assert.deepEqual(await t.states([running, ended]), ['running', 'succeeded']);
    },
  },
};
