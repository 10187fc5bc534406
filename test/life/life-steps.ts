import fc from 'fast-check';
import type { Outcome } from '../../src/database/database.ts';
import {
  CRASHED,
  FAILED,
  LEASE_MS,
  PUBLISH_LEASE_MS,
  retry,
  SUCCEEDED,
} from '../../src/testing/database/database-tester.ts';
import type { Crash, LifeSystem } from './life-system.ts';

/** What the model has to know for a step to make sense. */
export interface LifeModel {
  accepted: number;
  /** Two at most: a message older than the horizon goes to quarantine, which is not what this is about. */
  months: number;
}

type Run = (system: LifeSystem) => Promise<void> | void;

/** Few, so that much happens to each. */
const MAX_TASKS = 6;

/** Something that happens to the system. After each, everything that can be seen from outside is checked. */
class Step implements fc.AsyncCommand<LifeModel, LifeSystem> {
  readonly #name: string;
  readonly #run: Run;
  readonly #accepts: boolean;

  constructor(name: string, run: Run, accepts = false) {
    this.#name = name;
    this.#run = run;
    this.#accepts = accepts;
  }

  check({ accepted }: Readonly<LifeModel>): boolean {
    return this.#accepts ? accepted < MAX_TASKS : accepted > 0;
  }

  async run(model: LifeModel, system: LifeSystem): Promise<void> {
    await this.#run(system);
    await system.look();
    model.accepted = system.observer.accepted.length;
  }

  toString(): string {
    return this.#name;
  }
}

class Month extends Step {
  constructor() {
    super('pass a month and remove what is old', (system) => system.passAMonth());
  }

  override check(model: Readonly<LifeModel>): boolean {
    return super.check(model) && model.months < 2;
  }

  override async run(model: LifeModel, system: LifeSystem): Promise<void> {
    model.months += 1;
    await super.run(model, system);
  }
}

const OUTCOMES: readonly Outcome[] = [
  SUCCEEDED,
  retry(0),
  retry(40_000),
  FAILED,
  { kind: 'returned' },
  { kind: 'cancelled' },
  CRASHED,
];

const outcome = fc.constantFrom(...OUTCOMES);
const worker = fc.nat(1);
const place = fc.nat(3);
const crash = fc.constantFrom<Crash>('nowhere', 'nowhere', 'after the lease', 'after the publish');
const pause = fc.constantFrom(
  1,
  1000,
  LEASE_MS + 1,
  PUBLISH_LEASE_MS + 1,
  120_000,
  3_600_000,
  8 * 86_400_000,
);

const accept = fc
  .record({
    idempotencyKey: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
    limit: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
    delayMs: fc.option(fc.constant(50_000), { nil: undefined, freq: 5 }),
    deadlineMs: fc.option(fc.constant(100_000), { nil: undefined, freq: 5 }),
  })
  .map(({ idempotencyKey, limit, delayMs, deadlineMs }) => {
    const name = `accept ${JSON.stringify({ idempotencyKey, limit, delayMs, deadlineMs })}`;
    const run: Run = (system) => {
      const now = system.clock.now();
      const message = system.tester.message({
        idempotencyKey,
        dueAt: delayMs && now + delayMs,
        deadlineAt: deadlineMs && now + deadlineMs,
        ...(limit && { concurrencyKey: `at most ${limit}`, concurrencyLimit: limit }),
      });
      return system.accept(message);
    };
    return new Step(name, run, true);
  });

const claim = fc
  .tuple(
    worker,
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('well', 'well', 'well', 'reply lost', 'ack lost'),
  )
  .map(([who, count, end]) => new Step(`claim ${count} as ${who}, ${end}`, (s) => s.claim(who, count, end)));

const settle = fc
  .tuple(worker, place, outcome, fc.boolean())
  .map(
    ([who, at, how, lost]) =>
      new Step(`settle ${at} of ${who} ${how.kind}${lost ? ' twice' : ''}`, (s) =>
        s.settle(who, at, how, lost),
      ),
  );

const others = fc.oneof(
  fc.nat(9).map(
    (at) =>
      new Step(`publish the message of ${at} once more`, async (s) => {
        const message = s.observer.accepted[at % s.observer.accepted.length];
        if (message) await s.publish([message]);
      }),
  ),
  worker.map((who) => new Step(`crash ${who}`, (s) => s.crash(who))),
  fc
    .tuple(place, outcome)
    .map(([at, how]) => new Step(`settle zombie ${at} ${how.kind}`, (s) => s.settleLate(at, how))),
  worker.map((who) => new Step(`extend ${who}`, (s) => s.extend(who))),
  fc.nat(9).map(
    (at) =>
      new Step(`cancel ${at}`, async (s) => {
        const message = s.observer.accepted[at % s.observer.accepted.length];
        if (message) await s.tester.cancel(message);
      }),
  ),
  fc.constant(new Step('restart the process', (s) => s.restart())),
  fc.constant(new Step('recover', async (s) => void (await s.tester.recover()))),
  fc.constant(new Step('reconcile', (s) => s.reconcile())),
  fc.constant(new Step('lose a message', (s) => s.lose())),
  fc.constant(new Step('set the clock back by an hour', (s) => s.clock.jump(-3_600_000))),
  fc.constant(new Month()),
);

export const lifeSteps: fc.Arbitrary<fc.AsyncCommand<LifeModel, LifeSystem>>[] = [
  accept,
  accept,
  claim,
  claim,
  claim,
  settle,
  settle,
  fc.constant(new Step('the scheduler works for a while', (s) => s.schedule())),
  fc.constant(new Step('the scheduler works for a while', (s) => s.schedule())),
  crash.map((where) => new Step(`publish what is due, crash ${where}`, (s) => s.publishDue(where))),
  pause.map((ms) => new Step(`pass ${ms} ms`, (s) => s.clock.advance(ms))),
  others,
  others,
];
