import assert from 'node:assert/strict';
import type { Message } from '../../core/message.ts';
import { isTerminal } from '../../core/state.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import type { Outcome } from '../../database/database.ts';
import type { Topics } from '../conformance.ts';
import { seededRandom } from '../seeded-random.ts';
import {
  CRASHED,
  type DatabaseTester,
  FAILED,
  LEASE_MS,
  PUBLISH_LEASE_MS,
  retry,
  SUCCEEDED,
} from './database-tester.ts';

const OUTCOMES: readonly Outcome[] = [
  SUCCEEDED,
  SUCCEEDED,
  retry(0),
  retry(20_000),
  FAILED,
  { kind: 'returned' },
  { kind: 'cancelled' },
  CRASHED,
];
const KEYS = [
  { concurrencyKey: 'one', concurrencyLimit: 1 },
  { concurrencyKey: 'three', concurrencyLimit: 3 },
] as const;
const STEPS = 250;
const DRAIN_ROUNDS = 500;

/** Plays at random with tasks of a few keys, and holds the limit of each key after every step. */
class RandomLife {
  readonly #t: DatabaseTester;
  readonly #random: () => number;
  readonly #messages: Message[] = [];
  #inQueue: Message[] = [];

  constructor(t: DatabaseTester, seed: number) {
    this.#t = t;
    const random = seededRandom(seed);
    this.#random = () => random.fraction();
  }

  async step(): Promise<void> {
    const moves: readonly (() => Promise<void> | void)[] = [
      () => this.#accept(),
      () => this.#accept(),
      () => this.#claim(),
      () => this.#claim(),
      () => this.#settle(),
      () => this.#settle(),
      () => this.#cancel(),
      () => this.#publish(),
      () => this.#expireLeases(),
      () => this.#t.reject(this.#pick(this.#messages) ?? this.#t.message()),
    ];
    await this.#pick(moves)?.();
    await this.#holdsItsLimits();
  }

  async drain(): Promise<void> {
    for (let round = 0; round < DRAIN_ROUNDS; round += 1) {
      this.#t.clock.advance(PUBLISH_LEASE_MS + 1);
      await this.#publish();
      while (this.#inQueue.length > 0) await this.#claim();
      for (const { id, run } of await this.#running()) await this.#t.settle({ id, run }, SUCCEEDED);
      await this.#holdsItsLimits();
      const records = await Promise.all(this.#messages.map((message) => this.#t.record(message)));
      if (records.every(({ state }) => isTerminal(state))) return;
    }
    assert.fail(`some never end: ${(await this.#t.states(this.#messages)).join(' ')}`);
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  #accept(): void {
    const deadlineAt = this.#random() < 0.1 ? this.#t.clock.now() + 30_000 : undefined;
    const message = this.#t.message({ ...this.#pick(KEYS), deadlineAt });
    this.#messages.push(message);
    this.#inQueue.push(message);
  }

  async #claim(): Promise<void> {
    const batch = this.#inQueue.splice(0, 1 + Math.floor(this.#random() * 4));
    await this.#t.claim(batch);
    if (this.#random() < 0.1) this.#inQueue.push(...batch);
  }

  async #settle(): Promise<void> {
    const record = this.#pick(await this.#running());
    const outcome = this.#pick(OUTCOMES);
    if (!record || !outcome) return;
    await this.#t.settle({ id: record.id, run: record.run }, outcome);
    if (this.#random() < 0.2) await this.#t.settle({ id: record.id, run: record.run }, outcome);
  }

  async #cancel(): Promise<void> {
    const message = this.#pick(this.#messages);
    if (message) await this.#t.cancel(message);
  }

  async #publish(): Promise<void> {
    this.#t.clock.advance(1000);
    this.#inQueue.push(...(await this.#t.publishDue()));
  }

  async #expireLeases(): Promise<void> {
    this.#t.clock.advance(LEASE_MS + 1);
    await this.#t.recover({ limit: 2 });
  }

  async #running(): Promise<readonly TaskRecord[]> {
    return (await this.#t.database.list({ tenant: 'default', state: 'running', limit: 1000 })).tasks;
  }

  async #holdsItsLimits(): Promise<void> {
    const running = await this.#running();
    for (const { concurrencyKey, concurrencyLimit } of KEYS) {
      const count = running.filter((record) => record.concurrencyKey === concurrencyKey).length;
      assert.ok(count <= concurrencyLimit, `${count} of key "${concurrencyKey}" run`);
    }
  }
}

export const CONSERVATION_CASES: Topics<DatabaseTester> = {
  'concurrency keys: conservation': Object.fromEntries(
    [1, 2, 3].map((seed) => [
      `loses no place in any path, and ends every task (random, seed ${seed})`,
      async (t: DatabaseTester): Promise<void> => {
        const life = new RandomLife(t, seed);
        for (let step = 0; step < STEPS; step += 1) await life.step();
        await life.drain();
        for (const key of KEYS) {
          const probes = t.messages(key.concurrencyLimit + 1, key);
          const kinds = [];
          for (const probe of probes) kinds.push(await t.verdict(probe));
          assert.equal(kinds.lastIndexOf('run'), key.concurrencyLimit - 1, kinds.join(' '));
          assert.equal(kinds.at(-1), 'block');
        }
      },
    ]),
  ),
};
