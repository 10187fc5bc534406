import assert from 'node:assert/strict';
import { type Address, decodeMessage, encodeMessage, type Message } from '../../src/core/message.ts';
import { isTerminal, type State } from '../../src/core/state.ts';
import type { Outcome } from '../../src/database/database.ts';
import type { Consumer, Delivery, Queue } from '../../src/queue/queue.ts';
import {
  DatabaseTester,
  PUBLISH_LEASE_MS,
  RETENTION,
  SUCCEEDED,
} from '../../src/testing/database/database-tester.ts';
import { eventually } from '../../src/testing/eventually.ts';
import type { FakeClock } from '../../src/testing/fake-clock.ts';
import type { LifeEngines } from './life-engines.ts';

export interface Held {
  readonly id: string;
  readonly run: number;
}

/** What every task of the test is known to have been, by an observer who is told everything. */
class Observer {
  readonly accepted: Message[] = [];
  readonly #runs = new Map<string, number>();
  readonly #ends = new Map<string, State>();

  permitted(id: string, run: number): void {
    const last = this.#runs.get(id) ?? 0;
    assert.ok(run > last, `run ${run} of ${id} was permitted after run ${last}`);
    assert.ok(!this.#ends.has(id), `${id} was permitted to run after it had ended`);
    this.#runs.set(id, run);
  }

  found(id: string, state: State): void {
    const end = this.#ends.get(id);
    assert.ok(end === undefined || end === state, `${id} had ended as ${end} and is ${state}`);
    if (isTerminal(state)) this.#ends.set(id, state);
  }
}

export type Crash = 'nowhere' | 'after the lease' | 'after the publish';

const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const EVERYTHING = 1_000_000;
const DRAIN_ROUNDS = 40;
const MAX_PAUSE_MS = 5 * 86_400_000;

/** A queue and a database, with workers and a scheduler that can be stopped between any two calls. */
export class LifeSystem {
  readonly observer = new Observer();
  readonly clock: FakeClock;
  readonly tester: DatabaseTester;
  /** What each worker believes to run. */
  readonly workers: Held[][] = [[], []];
  /** Runs of workers that have crashed, or never heard of them. */
  readonly zombies: Held[] = [];
  readonly #engines: LifeEngines;
  #queue: Queue;
  #consumer: Consumer | undefined;
  #inbox: Delivery[] = [];

  private constructor(engines: LifeEngines, queue: Queue) {
    this.#engines = engines;
    this.#queue = queue;
    this.clock = engines.database.clock;
    this.tester = new DatabaseTester(engines.database);
  }

  static async open(engines: LifeEngines): Promise<LifeSystem> {
    const system = new LifeSystem(engines, await engines.openQueue());
    await system.#consume();
    return system;
  }

  async close(): Promise<void> {
    await this.#queue.close();
    await this.#engines.dispose();
  }

  async publish(messages: readonly Message[]): Promise<void> {
    const expected = this.#inbox.length + messages.length;
    await this.#queue.publish(
      messages.map((message) => ({ address: ADDRESS, body: encodeMessage(message) })),
    );
    await this.#hasArrived(expected);
  }

  async accept(message: Message): Promise<void> {
    await this.publish([message]);
    this.observer.accepted.push(message);
  }

  /** A worker claims, and the process dies before it hears the verdicts, or before it has acknowledged, or not. */
  async claim(worker: number, count: number, end: 'well' | 'reply lost' | 'ack lost'): Promise<void> {
    const deliveries = this.#inbox.splice(0, count);
    const messages = deliveries.map(({ body }) => decodeMessage(body));
    const verdicts = await this.tester.claim(messages, { holder: `worker-${worker}` });
    const runs: Held[] = [];
    for (const [at, verdict] of verdicts.entries()) {
      const { id } = messages[at] ?? assert.fail('a verdict too many');
      assert.notEqual(verdict.kind, 'quarantine', 'nothing here is beyond the horizon');
      if (verdict.kind !== 'run') continue;
      this.observer.permitted(id, verdict.run);
      runs.push({ id, run: verdict.run });
    }
    (end === 'well' ? this.#worker(worker) : this.zombies).push(...runs);
    if (end === 'well') await this.#consumer?.ack(deliveries);
    else await this.#giveBack(deliveries);
  }

  crash(worker: number): void {
    this.zombies.push(...this.#worker(worker).splice(0));
  }

  async settle(worker: number, place: number, outcome: Outcome, replyLost: boolean): Promise<void> {
    const [held] = this.#worker(worker).splice(place, 1);
    if (!held) return;
    const first = await this.#settle(held, outcome);
    if (replyLost) {
      const second = await this.tester.settle(held, outcome);
      assert.equal(second.kind, first, 'the answer to a repeated settle is the same');
    }
  }

  /** A zombie wakes up and settles. It may still be the current run: then nobody has missed it. */
  async settleLate(place: number, outcome: Outcome): Promise<void> {
    const [held] = this.zombies.splice(place, 1);
    if (held) await this.#settle(held, outcome);
  }

  async extend(worker: number): Promise<void> {
    const held = this.#worker(worker);
    const { lost } = await this.tester.extend(held, `worker-${worker}`);
    const kept = held.filter(({ id }) => !lost.includes(id));
    held.splice(0, held.length, ...kept);
  }

  async publishDue(crash: Crash): Promise<void> {
    const due = await this.tester.due(3);
    if (crash === 'after the lease') return;
    await this.publish(due.map((task) => this.tester.again(task)));
    if (crash === 'after the publish') return;
    await this.tester.published(due);
  }

  /** Lost runs are recovered, and what is due goes back into the queue. */
  async schedule(): Promise<void> {
    this.clock.advance(PUBLISH_LEASE_MS + 1);
    await this.tester.recover();
    await this.publishDue('nowhere');
  }

  /** Rows of ended tasks become tombstones. */
  async passAMonth(): Promise<void> {
    this.clock.advance(RETENTION.rowsMs + 1);
    await this.tester.sweep();
  }

  async reconcile(): Promise<void> {
    const marginMs = 30_000;
    const probe = this.observer.accepted[0];
    const now = this.clock.now();
    if (probe) await this.tester.reconcile(probe, now - marginMs, now + marginMs);
  }

  /** The queue loses a message: one that the database has a row for, since before that nobody could know of it. */
  async lose(): Promise<void> {
    for (const [at, delivery] of this.#inbox.entries()) {
      const message = decodeMessage(delivery.body);
      const lookup = await this.tester.lookup(message);
      if (lookup.kind !== 'found') continue;
      this.#inbox.splice(at, 1);
      await this.#consumer?.ack([delivery]);
      return;
    }
  }

  /** The whole process dies and starts again, which proves every run dead. */
  async restart(): Promise<void> {
    for (const worker of this.workers.keys()) this.crash(worker);
    const expected = this.#inbox.length;
    this.#inbox = [];
    await this.#engines.crash();
    this.#queue = await this.#engines.openQueue();
    await this.tester.reopen('crash');
    await this.#consume();
    await this.#hasArrived(expected);
    while ((await this.tester.recover({ all: true, limit: 2 })).length > 0);
  }

  /** Holds what is seen from outside against what was seen before. */
  async look(): Promise<void> {
    const ids = this.observer.accepted.map((message) => this.tester.idOf(message));
    for (const lookup of await this.tester.database.get(ids)) {
      if (lookup.kind === 'found') this.observer.found(lookup.record.id, lookup.record.state);
    }
    const { tasks } = await this.tester.database.list({ tenant: 'default', state: 'running', limit: 1000 });
    for (const limit of [1, 2]) {
      const running = tasks.filter(({ concurrencyKey }) => concurrencyKey === `at most ${limit}`);
      assert.ok(running.length <= limit, `${running.length} of a key of ${limit} are running`);
    }
  }

  /** Heals everything and lets it run, for long enough that every task can come to its end. */
  async drain(): Promise<void> {
    for (const worker of this.workers.keys()) this.crash(worker);
    for (let round = 0; round < DRAIN_ROUNDS; round += 1) {
      this.clock.advance(Math.min(MAX_PAUSE_MS, PUBLISH_LEASE_MS * 2 ** round + 1));
      await this.tester.recover();
      await this.reconcile();
      while ((await this.#publishAllDue()) > 0);
      while (this.#inbox.length > 0) await this.claim(0, 50, 'well');
      while (this.#worker(0).length > 0) await this.settle(0, 0, SUCCEEDED, false);
      await this.look();
      if ((await this.unfinished()).length === 0) return;
    }
  }

  async #settle(held: Held, outcome: Outcome): Promise<string> {
    const result = await this.tester.settle(held, outcome);
    if (result.kind === 'settled') {
      assert.equal(result.record.run, held.run, 'a run that another has replaced was recorded');
    }
    return result.kind;
  }

  async #publishAllDue(): Promise<number> {
    const messages = await this.tester.publishDue(50);
    await this.publish(messages);
    return messages.length;
  }

  /** The states of the tasks that have been accepted and have not ended. */
  async unfinished(): Promise<string[]> {
    const states = await this.tester.states(this.observer.accepted);
    return states.filter((state) => state !== 'gone' && !isTerminal(state as State));
  }

  async #consume(): Promise<void> {
    const inbox = this.#inbox;
    this.#consumer = await this.#queue.consume(ADDRESS, { prefetch: EVERYTHING }, (deliveries) =>
      inbox.push(...deliveries),
    );
  }

  async #giveBack(deliveries: readonly Delivery[]): Promise<void> {
    const expected = this.#inbox.length + deliveries.length;
    this.#consumer?.giveBack(deliveries);
    await this.#hasArrived(expected);
  }

  async #hasArrived(count: number): Promise<void> {
    await eventually('the queue has delivered everything', () => this.#inbox.length === count);
  }

  #worker(number: number): Held[] {
    return this.workers[number] ?? assert.fail(`there is no worker ${number}`);
  }
}
