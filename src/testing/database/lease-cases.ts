import assert from 'node:assert/strict';
import type { Topics } from '../conformance.ts';
import {
  A_MINUTE_MS,
  CRASH_LIMIT,
  CRASHED,
  type DatabaseTester,
  INTERRUPTION_LIMIT,
  LEASE_MS,
  retry,
  SUCCEEDED,
} from './database-tester.ts';
import type { Message } from '../../core/message.ts';
import type { TaskRecord } from '../../core/task-record.ts';

/** The worker of the task, which has begun, falls silent, and the run is recovered. */
async function interrupt(t: DatabaseTester, { id, ...message }: Message): Promise<TaskRecord> {
  const { run } = await t.record({ id, ...message });
  await t.extend([{ id, run, begun: true }]);
  t.clock.advance(LEASE_MS + 1);
  const [record] = await t.recover();
  return record ?? assert.fail('nothing was recovered');
}

export const LEASE_CASES: Topics<DatabaseTester> = {
  'lease: extend': {
    'keeps a run from being recovered': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      for (let beat = 0; beat < 5; beat += 1) {
        t.clock.advance(LEASE_MS - 1);
        assert.deepEqual(await t.extend([held]), { lost: [], cancelRequested: [] });
        assert.deepEqual(await t.recover(), []);
      }
      t.clock.advance(LEASE_MS + 1);
      assert.equal((await t.recover()).length, 1);
    },
    'still extends a lease that ran out while nobody has recovered the run': async (t) => {
      const held = await t.run(t.message());
      t.clock.advance(LEASE_MS * 4);
      assert.deepEqual(await t.extend([held]), { lost: [], cancelRequested: [] });
      assert.deepEqual(await t.recover(), []);
    },
    "names the runs that are no longer the holder's": async (t) => {
      const [mine, settled, recovered, taken] = t.messages(4);
      assert.ok(mine && settled && recovered && taken);
      const held = [];
      for (const message of [mine, settled, recovered, taken]) held.push(await t.run(message));
      await t.settled({ id: settled.id, run: 1 }, SUCCEEDED);
      t.clock.advance(LEASE_MS + 1);
      await t.extend([{ id: mine.id, run: 1 }]);
      await t.recover();
      const again = (await t.publishDue()).find(({ id }) => id === taken.id);
      await t.run(again ?? assert.fail('not published'), { holder: 'worker-2' });
      const unknown = { id: t.message().id, run: 1 };
      const { lost } = await t.extend([...held, unknown]);
      assert.deepEqual([...lost].sort(), [settled.id, recovered.id, taken.id, unknown.id].sort());
    },
    'gives nothing to another worker that names the right run': async (t) => {
      const held = await t.run(t.message());
      assert.deepEqual((await t.extend([held], 'worker-2')).lost, [held.id]);
      assert.deepEqual((await t.extend([held])).lost, []);
    },
    'keeps the progress of a run, without a transition': async (t) => {
      const message = t.message();
      const held = await t.run(message);
      await t.extend([{ ...held, progress: { fraction: 0.5, detail: { page: 7 } } }]);
      const record = await t.record(message);
      assert.deepEqual([record.progress, record.version], [{ fraction: 0.5, detail: { page: 7 } }, 2]);
      await t.extend([held]);
      assert.equal((await t.record(message)).progress?.fraction, 0.5);
    },
    'takes an empty batch': async (t) => {
      assert.deepEqual(await t.extend([]), { lost: [], cancelRequested: [] });
    },
  },
  'lease: recovery': {
    'schedules a run whose lease ran out, now, and charges nothing': async (t) => {
      const message = t.message();
      await t.run(message);
      t.clock.advance(LEASE_MS - 1);
      assert.deepEqual(await t.recover(), []);
      t.clock.advance(2);
      const [record, ...others] = await t.recover();
      assert.deepEqual([record?.id, record?.state, others.length], [message.id, 'scheduled', 0]);
      assert.deepEqual([record?.interruptions, record?.crashes, record?.attempts, record?.run], [1, 0, 0, 1]);
      assert.deepEqual(await t.recover(), []);
      assert.equal((await t.runAgain()).run, 2);
    },
    'leaves what waits or has ended alone': async (t) => {
      const [ended, retried, parked] = [t.message(), t.message(), t.message({ dueAt: t.clock.now() + 1e7 })];
      await t.settled(await t.run(ended), SUCCEEDED);
      await t.settled(await t.run(retried), retry(1e7));
      await t.claim([parked]);
      t.clock.advance(LEASE_MS * 2);
      assert.deepEqual(await t.recover({ all: true }), []);
    },
    'takes a run whose lease holds only when its holder is known to be dead': async (t) => {
      const messages = t.messages(3);
      await t.claim(messages);
      assert.deepEqual(await t.recover(), []);
      assert.equal((await t.recover({ all: true })).length, 3);
      assert.deepEqual(await t.states(messages), ['scheduled', 'scheduled', 'scheduled']);
    },
    'leaves a run whose lease ran out after the bound that is given: the clock was set, and nobody is dead':
      async (t) => {
        const [silent, alive] = t.messages(2);
        assert.ok(silent && alive);
        await t.run(silent);
        t.clock.advance(LEASE_MS / 2);
        await t.run(alive);
        t.clock.advance(LEASE_MS / 2 + 1);
        const before = t.clock.now();
        t.clock.jump(A_MINUTE_MS);
        assert.deepEqual(
          (await t.recover({ before })).map(({ id }) => id),
          [silent.id],
        );
        assert.deepEqual(await t.states([silent, alive]), ['scheduled', 'running']);
        assert.equal((await t.due())[0]?.id, silent.id);
        assert.equal((await t.recover({ before: t.clock.now() })).length, 1);
      },
    'takes none whose lease holds by the clock, whatever the bound': async (t) => {
      await t.run(t.message());
      assert.deepEqual(await t.recover({ before: t.clock.now() + LEASE_MS * 2 }), []);
    },
    'goes page by page': async (t) => {
      await t.claim(t.messages(5));
      t.clock.advance(LEASE_MS + 1);
      const pages = [];
      for (let page = 0; page < 4; page += 1) pages.push((await t.recover({ limit: 2 })).length);
      assert.deepEqual(pages, [2, 2, 1, 0]);
    },
    'lets what was interrupted once run in company, and then alone': async (t) => {
      const message = t.message();
      const alone = [];
      let again = message;
      for (let interruptions = 0; interruptions <= 3; interruptions += 1) {
        const [verdict] = await t.claim([again]);
        alone.push(verdict?.kind === 'run' && verdict.alone);
        await interrupt(t, message);
        t.clock.advance(A_MINUTE_MS);
        again = (await t.publishDue())[0] ?? assert.fail('not due');
      }
      assert.deepEqual(alone, [false, false, true, true]);
    },
    'lets what was interrupted alone wait twice as long each time, and fails it in the end': async (t) => {
      const message = t.message();
      await t.run(message);
      const pauses = [];
      for (let interruptions = 1; interruptions < INTERRUPTION_LIMIT; interruptions += 1) {
        const record = await interrupt(t, message);
        const { attempts, crashes, state } = record;
        assert.deepEqual(
          [record.interruptions, attempts, crashes, state],
          [interruptions, 0, 0, 'scheduled'],
        );
        pauses.push((record.dueAt ?? 0) - t.clock.now());
        t.clock.advance(A_MINUTE_MS);
        await t.runAgain();
      }
      assert.deepEqual(pauses, [0, 0, 5000, 10_000]);
      const { state, crashes, error } = await interrupt(t, message);
      assert.deepEqual([state, crashes, error?.code], ['failed', 0, 'SLUICE_TASK_CRASHED']);
    },
    'notes no interruption of a task that waited to run alone, and has not begun': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), CRASHED);
      for (const [begun, interruptions] of [
        [undefined, 0],
        [false, 0],
        [true, 1],
        [undefined, 1],
      ] as const) {
        const { id, run } = await t.runAgain();
        await t.extend([{ id, run, begun }]);
        if (begun) await t.extend([{ id, run }]);
        t.clock.advance(LEASE_MS + 1);
        const [record] = await t.recover();
        assert.deepEqual([record?.state, record?.interruptions], ['scheduled', interruptions]);
        assert.deepEqual([record?.crashes, record?.attempts], [1, 0]);
      }
    },
    'expires instead of a run that would begin after its deadline': async (t) => {
      const message = t.message({ deadlineAt: t.clock.now() + A_MINUTE_MS });
      await t.run(message);
      t.clock.advance(A_MINUTE_MS * 2);
      assert.equal((await t.recover())[0]?.state, 'expired');
    },
    'keeps what was charged for the death of a runner apart': async (t) => {
      const message = t.message();
      let held = await t.run(message);
      for (let round = 1; round < CRASH_LIMIT; round += 1) {
        await interrupt(t, message);
        t.clock.advance(A_MINUTE_MS);
        const record = await t.settled(await t.runAgain(), CRASHED);
        assert.deepEqual([record.state, record.crashes, record.interruptions], ['scheduled', round, round]);
        held = await t.runAgain();
      }
      assert.equal((await t.settled(held, CRASHED)).state, 'failed');
    },
    'recovers each run once for workers that do it together': async (t) => {
      const messages = t.messages(30);
      await t.claim(messages);
      t.clock.advance(LEASE_MS + 1);
      const options = { limit: 30, interruptionLimit: INTERRUPTION_LIMIT };
      const recovered = await Promise.all([1, 2, 3].map(() => t.database.recover(options)));
      await t.look();
      const ids = recovered.flat().map(({ id }) => id);
      assert.deepEqual([...ids].sort(), messages.map(({ id }) => id).sort());
    },
    'frees what a process that died was about to publish': async (t) => {
      const [parent, due] = t.messages(2);
      assert.ok(parent && due);
      await t.settled(await t.run(parent), { kind: 'succeeded', result: '1', followUps: ['child'] });
      await t.settled(await t.run(due), retry(0));
      assert.equal((await t.due()).length, 1);
      assert.deepEqual([await t.due(), await t.database.followUps(10)], [[], []]);
      await t.recover();
      assert.deepEqual([await t.due(), await t.database.followUps(10)], [[], []]);
      await t.recover({ all: true });
      assert.equal((await t.due())[0]?.id, due.id);
      assert.deepEqual(await t.database.followUps(10), [{ id: parent.id, bodies: ['child'] }]);
    },
    'finds the runs of a process that died': async (t) => {
      const message = t.message();
      await t.run(message);
      await t.reopen('crash');
      assert.equal(await t.state(message), 'running');
      assert.equal((await t.recover({ all: true }))[0]?.id, message.id);
      assert.equal((await t.runAgain()).run, 2);
    },
  },
};
