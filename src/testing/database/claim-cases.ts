import assert from 'node:assert/strict';
import { SluiceError } from '../../core/errors.ts';
import type { Claim, Verdict } from '../../database/database.ts';
import type { Topics } from '../conformance.ts';
import {
  A_MINUTE_MS,
  type DatabaseTester,
  HORIZON_MS,
  LEASE_MS,
  SUCCEEDED,
  retry,
} from './database-tester.ts';

const NOT_HERE = { code: 'SLUICE_TASK_NOT_HERE', message: 'no worker knows it' };
const PARKED = { forMs: 30_000, atMostMs: 100_000, reason: NOT_HERE };

export const CLAIM_CASES: Topics<DatabaseTester> = {
  'claim: a message without a row': {
    'runs, as run 1 and version 2, under a lease': async (t) => {
      const message = t.message({ tags: ['a', 'b'], deadlineAt: t.clock.now() + A_MINUTE_MS, lane: 3 });
      assert.deepEqual(await t.claim([message]), [
        { kind: 'run', run: 1, attempts: 0, crashes: 0, version: 2, alone: false },
      ] satisfies Verdict[]);
      const record = await t.record(message);
      assert.equal(record.state, 'running');
      assert.deepEqual(
        [record.task, record.tenant, record.queue, record.priority, record.lane, record.tags],
        [message.task, message.tenant, 'default', 'normal', 3, ['a', 'b']],
      );
      assert.deepEqual(
        [record.deadlineAt, record.startedAt, record.cancelRequested],
        [message.deadlineAt, t.clock.now(), false],
      );
    },
    'is parked until it is due': async (t) => {
      const message = t.message({ dueAt: t.clock.now() + A_MINUTE_MS });
      assert.equal(await t.verdict(message), 'park');
      const { state, dueAt, version, run } = await t.record(message);
      assert.deepEqual([state, dueAt, version, run], ['scheduled', message.dueAt, 2, 0]);
      assert.deepEqual(await t.due(), []);
      t.clock.advance(A_MINUTE_MS);
      assert.deepEqual(await t.runAgain(), { id: message.id, run: 1 });
    },
    'runs at once when what it waited for has passed': async (t) => {
      assert.equal(await t.verdict(t.message({ dueAt: t.clock.now() })), 'run');
    },
    'is parked, uncharged and with the reason, where the worker can not run it': async (t) => {
      const message = t.message();
      assert.equal(await t.verdict(message, { park: PARKED }), 'park');
      const record = await t.record(message);
      assert.deepEqual(
        [record.state, record.dueAt, record.attempts, record.crashes, record.error?.code],
        ['scheduled', t.clock.now() + PARKED.forMs, 0, 0, NOT_HERE.code],
      );
      t.clock.advance(PARKED.forMs);
      assert.deepEqual(await t.runAgain(), { id: message.id, run: 1 });
    },
    'is parked until it is due, where that is later than a worker that lacks it would wait': async (t) => {
      const message = t.message({ dueAt: t.clock.now() + A_MINUTE_MS });
      assert.equal(await t.verdict(message, { park: PARKED }), 'park');
      assert.equal((await t.record(message)).dueAt, message.dueAt);
    },
    'expires when its deadline has passed': async (t) => {
      const message = t.message({ deadlineAt: t.clock.now() + 1000 });
      t.clock.advance(2000);
      assert.deepEqual(await t.claim([message]), [{ kind: 'expire', version: 2 }] satisfies Verdict[]);
      assert.equal(await t.state(message), 'expired');
      assert.equal(await t.verdict(message), 'drop');
    },
    'goes to quarantine beyond the horizon, and leaves nothing behind': async (t) => {
      const message = t.message();
      t.clock.advance(HORIZON_MS + 1);
      assert.equal(await t.verdict(message), 'quarantine');
      assert.equal(await t.state(message), 'none');
      await t.reject(message);
      assert.equal(await t.state(message), 'failed');
    },
  },
  'claim: a message whose task has a row': {
    'changes nothing where the task is parked already': async (t) => {
      const message = t.message({ dueAt: t.clock.now() + A_MINUTE_MS });
      await t.claim([message]);
      const before = await t.record(message);
      t.clock.advance(1000);
      assert.equal(await t.verdict(message), 'park');
      assert.equal(await t.verdict(message, { park: PARKED }), 'park');
      assert.deepEqual(await t.record(message), before);
    },
    'runs a parked task that is due, though nobody has published it again': async (t) => {
      const message = t.message({ dueAt: t.clock.now() + A_MINUTE_MS });
      await t.claim([message]);
      t.clock.advance(A_MINUTE_MS);
      assert.equal(await t.verdict(message), 'run');
      assert.deepEqual(await t.due(), []);
    },
    'is dropped where the task is running': async (t) => {
      const message = t.message();
      await t.run(message);
      assert.equal(await t.verdict(message), 'drop');
      assert.equal(await t.verdict(message, { holder: 'worker-2' }), 'drop');
      assert.equal(await t.verdict({ ...message, run: 2 }, { holder: 'worker-2' }), 'drop');
    },
    'is dropped where the lease ran out and nobody has recovered the run': async (t) => {
      const message = t.message();
      await t.run(message);
      t.clock.advance(LEASE_MS * 10);
      assert.equal(await t.verdict(message, { holder: 'worker-2' }), 'drop');
    },
    'is dropped where the task has ended': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), SUCCEEDED);
      assert.equal(await t.verdict(message), 'drop');
      assert.equal(await t.verdict({ ...message, run: 2 }), 'drop');
      assert.equal(await t.verdict(message, { park: PARKED }), 'drop');
    },
    'is dropped where it asks for a run that there has been': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), retry(1000));
      t.clock.advance(2000);
      assert.equal(await t.verdict(message), 'drop');
      assert.equal(await t.verdict({ ...message, run: 3 }), 'drop');
      const [again] = await t.publishDue();
      assert.equal(again?.run, 2);
      assert.equal(await t.verdict(message), 'drop');
      assert.deepEqual(await t.run(again ?? message), { id: message.id, run: 2 });
    },
    'runs a scheduled task that is due though its publish was not noted': async (t) => {
      const message = t.message();
      await t.settled(await t.run(message), retry(1000));
      t.clock.advance(1000);
      const [due] = await t.due();
      assert.ok(due);
      assert.equal(await t.verdict(t.again(due)), 'run');
      await t.published([due]);
      assert.equal(await t.state(message), 'running');
    },
    'expires a task that waited beyond its deadline': async (t) => {
      const message = t.message({ deadlineAt: t.clock.now() + A_MINUTE_MS });
      await t.claim([message], { park: PARKED });
      const [again] = await parkedUntil(t, PARKED.forMs);
      t.clock.advance(A_MINUTE_MS);
      assert.equal(await t.verdict(again ?? message), 'expire');
      assert.equal(await t.state(message), 'expired');
    },
    'is parked for twice as long each time in a row, up to a bound': async (t) => {
      let message = t.message();
      for (const [forMs, run] of [
        [30_000, false],
        [60_000, false],
        [100_000, false],
        [100_000, true],
        [30_000, false],
      ] as const) {
        assert.equal(await t.verdict(message, { park: PARKED }), 'park');
        assert.equal((await t.record(message)).dueAt, t.clock.now() + forMs);
        t.clock.advance(forMs);
        if (run) await t.settled(await t.runAgain(), { kind: 'returned' });
        message = (await t.publishDue())[0] ?? assert.fail('not due');
      }
      const { attempts, crashes, run } = await t.record(message);
      assert.deepEqual([attempts, crashes, run], [0, 0, 1]);
    },
    'is parked again, uncharged, where this worker can not run it either': async (t) => {
      const message = t.message();
      await t.claim([message], { park: PARKED });
      const [again] = await parkedUntil(t, PARKED.forMs);
      assert.equal(await t.verdict(again ?? message, { park: PARKED }), 'park');
      const record = await t.record(message);
      assert.deepEqual([record.state, record.run, record.attempts], ['scheduled', 0, 0]);
      await parkedUntil(t, 2 * PARKED.forMs);
      assert.equal(await t.state(message), 'queued');
    },
  },
  'claim: identity': {
    'permits one run when the same message is in the batch twice': async (t) => {
      const [a, b] = t.messages(2);
      assert.ok(a && b);
      const kinds = (await t.claim([a, b, a])).map(({ kind }) => kind);
      assert.equal(kinds[1], 'run');
      assert.equal(kinds.filter((kind) => kind === 'run').length, 2);
      assert.equal(kinds.filter((kind) => kind === 'drop').length, 1);
    },
    'permits one run for two ids of one idempotency key, and both find it': async (t) => {
      const first = t.message({ idempotencyKey: 'k' });
      const second = t.message({ idempotencyKey: 'k' });
      assert.notEqual(first.id, second.id);
      assert.equal(await t.verdict(second), 'run');
      assert.equal(await t.verdict(first), 'drop');
      assert.equal((await t.record(first)).id, second.id);
      assert.equal((await t.record(second)).id, second.id);
    },
    'permits one run for two ids of one idempotency key in one batch': async (t) => {
      const first = t.message({ idempotencyKey: 'k' });
      const second = t.message({ idempotencyKey: 'k' });
      const kinds = (await t.claim([first, second])).map(({ kind }) => kind);
      assert.deepEqual([...kinds].sort(), ['drop', 'run']);
      const winner = kinds[0] === 'run' ? first : second;
      assert.deepEqual([(await t.record(first)).id, (await t.record(second)).id], [winner.id, winner.id]);
    },
    'drops a copy under another id after the end, and while it waits': async (t) => {
      const first = t.message({ idempotencyKey: 'k' });
      await t.settled(await t.run(first), retry(1000));
      assert.equal(await t.verdict(t.message({ idempotencyKey: 'k' })), 'drop');
      t.clock.advance(1000);
      await t.settled(await t.runAgain(), SUCCEEDED);
      assert.equal(await t.verdict(t.message({ idempotencyKey: 'k' })), 'drop');
    },
    'does not take one key of two tenants or two tasks for one': async (t) => {
      const kinds = await t.claim([
        t.message({ idempotencyKey: 'k' }),
        t.message({ idempotencyKey: 'k', tenant: 'other' }),
        t.message({ idempotencyKey: 'k', task: 'report' }),
      ]);
      assert.deepEqual(
        kinds.map(({ kind }) => kind),
        ['run', 'run', 'run'],
      );
    },
  },
  'claim: batches': {
    'permits each run once to workers that claim overlapping batches together': async (t) => {
      const messages = t.messages(60);
      const claims = messages.map((message) => t.toClaim(message));
      const batches = [claims, claims.toReversed(), claims.slice(20), claims.slice(0, 40)];
      const verdicts = await Promise.all(
        batches.map((batch, at) => t.database.claim(batch, { holder: `worker-${at}`, durationMs: LEASE_MS })),
      );
      const runs = new Map<string, number>();
      verdicts.forEach((batch, at) =>
        batch.forEach((verdict, place) => {
          const id = batches[at]?.[place]?.message.id ?? '';
          if (verdict.kind === 'run') runs.set(id, (runs.get(id) ?? 0) + 1);
          else assert.equal(verdict.kind, 'drop');
        }),
      );
      assert.deepEqual(
        messages.map(({ id }) => runs.get(id)),
        messages.map(() => 1),
      );
      await t.look();
    },
    'decides about many messages at a time, each on its own': async (t) => {
      const ended = t.message();
      await t.settled(await t.run(ended), SUCCEEDED);
      const deadlineAt = t.clock.now() + 500;
      const late = t.message({ deadlineAt });
      t.clock.advance(1000);
      const delayed = t.message({ dueAt: t.clock.now() + A_MINUTE_MS });
      const verdicts = await t.claim([ended, ...t.messages(200), late, delayed, t.keyed('k'), t.keyed('k')]);
      assert.deepEqual(
        ['drop', 'run', 'expire', 'park', 'block'].map(
          (wanted) => verdicts.filter(({ kind }) => kind === wanted).length,
        ),
        [1, 201, 1, 1, 1],
      );
    },
    'takes an empty batch': async (t) => {
      assert.deepEqual(await t.claim([]), []);
    },
    'rejects a batch with a poison row, and does nothing of it': async (t) => {
      const messages = t.messages(5);
      const claims = messages.map((message) => t.toClaim(message));
      claims[2] = (t.subject.poison ?? withoutId)(claims[2] ?? assert.fail());
      await assert.rejects(
        t.database.claim(claims, { holder: 'worker-1', durationMs: LEASE_MS }),
        (error) => !SluiceError.is(error, 'SLUICE_DATABASE_UNAVAILABLE'),
      );
      assert.deepEqual(
        await t.states(messages),
        Array.from(messages, () => 'none'),
      );
      assert.deepEqual(
        (await t.claim(messages.toSpliced(2, 1))).map(({ kind }) => kind),
        ['run', 'run', 'run', 'run'],
      );
    },
  },
};

function withoutId(claim: Claim): Claim {
  return { ...claim, message: { ...claim.message, id: 'no id' } };
}

async function parkedUntil(t: DatabaseTester, ms: number): ReturnType<DatabaseTester['publishDue']> {
  t.clock.advance(ms);
  return t.publishDue();
}
