import assert from 'node:assert/strict';
import type { Topics } from '../conformance.ts';
import { type DatabaseTester, FAILED, RETENTION, retry, SUCCEEDED } from './database-tester.ts';

export const RETENTION_CASES: Topics<DatabaseTester> = {
  retention: {
    'removes the result first, and keeps the record': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), SUCCEEDED);
      t.clock.advance(RETENTION.bodiesMs - 1);
      assert.equal((await t.sweep()).bodies, 0);
      t.clock.advance(2);
      assert.ok((await t.sweep()).bodies >= 1);
      const lookup = await t.lookup(message);
      assert.ok(lookup.kind === 'found' && lookup.result === undefined);
      assert.equal((await t.sweep()).bodies, 0);
    },
    'leaves a tombstone that tells the end': async (t) => {
      const [succeeded, failed] = t.messages(2);
      assert.ok(succeeded && failed);
      await t.settled(await t.run(succeeded), SUCCEEDED);
      await t.settled(await t.run(failed), FAILED);
      const endedAt = t.clock.now();
      t.clock.advance(RETENTION.rowsMs + 1);
      assert.equal((await t.sweep()).rows, 2);
      assert.deepEqual(await t.lookup(succeeded), { kind: 'gone', state: 'succeeded', endedAt });
      assert.deepEqual(await t.lookup(failed), { kind: 'gone', state: 'failed', endedAt });
      assert.equal(await t.verdict(succeeded), 'drop');
      assert.deepEqual((await t.database.list({ tenant: 'default', limit: 10 })).tasks, []);
    },
    'keeps an idempotency key from running twice while the tombstone stands': async (t) => {
      const message = t.message({ idempotencyKey: 'k' });
      await t.settled(await t.run(message), SUCCEEDED);
      t.clock.advance(RETENTION.horizonMs - 1000);
      await t.sweep();
      const copy = t.message({ idempotencyKey: 'k' });
      assert.equal(await t.verdict(copy), 'drop');
      assert.equal(await t.state(copy), 'gone');
    },
    'forgets the tombstone at the horizon, and a message as old goes to quarantine': async (t) => {
      const message = t.message({ idempotencyKey: 'k' });
      await t.settled(await t.run(message), SUCCEEDED);
      t.clock.advance(RETENTION.rowsMs + 1);
      await t.sweep();
      t.clock.advance(RETENTION.horizonMs);
      assert.equal((await t.sweep()).tombstones, 1);
      t.forgetTheEnded();
      assert.equal(await t.state(message), 'none');
      assert.equal(await t.verdict(message), 'quarantine');
      assert.equal(await t.verdict(t.message({ idempotencyKey: 'k' })), 'run');
    },
    'never touches a task that has not ended': async (t) => {
      const running = t.message();
      const parked = t.message({ dueAt: t.clock.now() + RETENTION.horizonMs * 3 });
      const [holder, blocked] = [t.keyed('k'), t.keyed('k')];
      await t.claim([running, parked, holder]);
      await t.claim([blocked]);
      const queued = t.message();
      await t.settled(await t.run(queued), retry(0));
      await t.publishDue();
      t.clock.advance(RETENTION.horizonMs * 2);
      assert.deepEqual(await t.sweep(), { bodies: 0, rows: 0, tombstones: 0 });
      assert.deepEqual(await t.states([running, parked, holder, blocked, queued]), [
        'running',
        'scheduled',
        'running',
        'blocked',
        'queued',
      ]);
    },
    'keeps a task whose follow-ups are still to be published': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), { kind: 'succeeded', result: '1', followUps: ['a'] });
      t.clock.advance(RETENTION.rowsMs + 1);
      await t.sweep();
      assert.deepEqual(
        (await t.database.followUps(10)).map(({ bodies }) => bodies),
        [['a']],
      );
    },
    'goes in small steps': async (t) => {
      const messages = t.messages(5);
      await t.claim(messages);
      await t.database.settle(messages.map(({ id }) => ({ id, run: 1, outcome: SUCCEEDED })));
      await t.look();
      t.clock.advance(RETENTION.rowsMs + 1);
      const steps = [];
      for (let step = 0; step < 4; step += 1) steps.push((await t.sweep(2)).rows);
      assert.deepEqual(steps, [2, 2, 1, 0]);
    },
  },
};
