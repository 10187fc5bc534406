import assert from 'node:assert/strict';
import { encodeMessage, FIRST_LANE, type Message } from '../../core/message.ts';
import { TaskIds, type MintRequest, readTaskId, type TaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import type {
  CancelResult,
  Claim,
  Database,
  DueTask,
  Extension,
  HeldRun,
  Lookup,
  Outcome,
  SettleResult,
  Swept,
  Verdict,
} from '../../database/database.ts';
import type { FakeClock } from '../fake-clock.ts';
import { seededRandom } from '../seeded-random.ts';
import type { DatabaseUnderTest } from './database-under-test.ts';
import { TransitionWatch } from './transition-watch.ts';

export const LEASE_MS = 15_000;
const DAY_MS = 86_400_000;
export const HORIZON_MS: number = 90 * DAY_MS;
/** How long a due task is left to the one who asked for it. */
export const PUBLISH_LEASE_MS = 30_000;
/** More than any publish lease, less than any retention. */
export const A_MINUTE_MS = 60_000;
export const RETENTION = { bodiesMs: 7 * DAY_MS, rowsMs: 30 * DAY_MS, horizonMs: HORIZON_MS } as const;
export const SUCCEEDED: Outcome = { kind: 'succeeded', result: '{"ok":true}', followUps: [] };
export const CRASH_LIMIT = 3;
export const INTERRUPTION_LIMIT = 5;

export function failure(message = 'no'): { code: string; message: string } {
  return { code: 'SLUICE_HANDLER_FAILED', message };
}

/** The handler refused for good. */
export const FAILED: Outcome = { kind: 'failed', error: failure(), charged: true };
/** The runner died. */
export const CRASHED: Outcome = { kind: 'crashed', error: failure('died'), crashLimit: CRASH_LIMIT };

export function retry(afterMs: number): Outcome {
  return { kind: 'retry', error: failure(), afterMs };
}

export interface ClaimAs {
  readonly holder?: string;
  readonly leaseMs?: number;
  readonly park?: Claim['park'];
}

/** Plays gateway, worker and scheduler against a database, and checks every transition that comes of it. */
export class DatabaseTester {
  readonly subject: DatabaseUnderTest;
  readonly ids: TaskIds;
  readonly clock: FakeClock;
  #database: Database;
  #watch = new TransitionWatch();
  readonly #known = new Map<string, TaskId>();

  constructor(subject: DatabaseUnderTest) {
    this.subject = subject;
    this.#database = subject.database;
    this.clock = subject.clock;
    this.ids = new TaskIds(['s'.repeat(32)], this.clock, seededRandom(7));
  }

  /** Without the checks, for calls that are under way together. */
  get database(): Database {
    return this.#database;
  }

  /** A task that a gateway has just accepted. The clock goes on by a millisecond, so that ids are in order. */
  message(fields: Partial<Message> & Pick<MintRequest, 'idempotencyKey'> = {}): Message {
    this.clock.advance(1);
    const { tenant = 'default', task = 'resize', idempotencyKey, input = '{"width":200}' } = fields;
    const id = this.ids.mint({ tenant, task, idempotencyKey, content: [input] });
    const at = { queue: 'default', priority: 'normal', lane: FIRST_LANE } as const;
    const rest = { run: 1, publishedAt: this.clock.now(), input };
    return { id: id.text, tenant, task, ...at, ...rest, ...fields };
  }

  messages(count: number, fields: Partial<Message> = {}): Message[] {
    return Array.from({ length: count }, () => this.message(fields));
  }

  keyed(concurrencyKey: string, concurrencyLimit = 1): Message {
    return this.message({ concurrencyKey, concurrencyLimit });
  }

  toClaim(message: Message, park?: Claim['park']): Claim {
    this.#know(message);
    return { message, body: encodeMessage(message), park, horizonMs: HORIZON_MS };
  }

  async claim(messages: readonly Message[], as: ClaimAs = {}): Promise<Verdict[]> {
    const claims = messages.map((message) => this.toClaim(message, as.park));
    const lease = { holder: as.holder ?? 'worker-1', durationMs: as.leaseMs ?? LEASE_MS };
    const verdicts = await this.#checked(this.#database.claim(claims, lease));
    assert.equal(verdicts.length, messages.length, 'a verdict for each message');
    return verdicts;
  }

  async verdict(message: Message, as?: ClaimAs): Promise<Verdict['kind']> {
    const [verdict] = await this.claim([message], as);
    return verdict?.kind ?? assert.fail('no verdict');
  }

  /** Claims, and insists that the verdict is to run. */
  async run(message: Message, as?: ClaimAs): Promise<{ id: string; run: number }> {
    const [verdict] = await this.claim([message], as);
    assert.equal(verdict?.kind, 'run', 'the claim permits the run');
    return { id: message.id, run: verdict?.kind === 'run' ? verdict.run : 0 };
  }

  async settle(held: { id: string; run: number }, outcome: Outcome): Promise<SettleResult> {
    const [result] = await this.#checked(this.#database.settle([{ ...held, outcome }]));
    return result ?? assert.fail('no result of the settle');
  }

  async settled(held: { id: string; run: number }, outcome: Outcome): Promise<TaskRecord> {
    const result = await this.settle(held, outcome);
    return result.kind === 'settled' ? result.record : assert.fail('the run was lost');
  }

  extend(runs: readonly HeldRun[], holder = 'worker-1'): Promise<Extension> {
    return this.#checked(this.#database.extend(runs, { holder, durationMs: LEASE_MS }));
  }

  /** Publishes what is due, has it claimed, and begins it: from then on its interruptions count. */
  async beginAgain(): Promise<{ id: string; run: number }> {
    const held = await this.runAgain();
    await this.extend([{ ...held, begun: true }]);
    return held;
  }

  cancel(message: Message): Promise<CancelResult> {
    const id = this.#know(message);
    return this.#checked(this.#database.cancel(id, message.tenant, HORIZON_MS));
  }

  reject(message: Message): Promise<void> {
    const { tenant, task } = message;
    const error = { code: 'SLUICE_MESSAGE_INVALID', message: 'it can not be stored' };
    return this.#checked(this.#database.reject([{ id: this.#know(message), tenant, task, error }]));
  }

  async due(limit = 100): Promise<readonly DueTask[]> {
    const { tasks } = await this.#checked(this.#database.due(limit));
    return tasks;
  }

  published(tasks: readonly { id: string; version: number }[]): Promise<void> {
    return this.#checked(this.#database.published(tasks));
  }

  recover(options: { limit?: number; all?: boolean; before?: number } = {}): Promise<TaskRecord[]> {
    return this.#checked(
      this.#database.recover({ limit: 100, interruptionLimit: INTERRUPTION_LIMIT, ...options }),
    );
  }

  reconcile({ queue, priority, lane }: Message, before: number, after?: number): Promise<number> {
    const times = { before, after, limit: 100 };
    return this.#checked(this.#database.reconcile({ queue, priority, lane }, times));
  }

  sweep(limit = 1000): Promise<Swept> {
    return this.#checked(this.#database.sweep(RETENTION, limit));
  }

  /** Does what a scheduler does with due tasks, and gives the messages that are then in the queue. */
  async publishDue(limit = 100): Promise<Message[]> {
    const due = await this.due(limit);
    await this.published(due);
    return due.map((task) => this.again(task));
  }

  /** The message of a due task, as it is published again. */
  again({ body, run }: DueTask): Message {
    const end = body.indexOf('\n');
    const head = JSON.parse(body.slice(0, end)) as Omit<Message, 'input'>;
    return { ...head, input: body.slice(end + 1), run, publishedAt: this.clock.now() };
  }

  /** Publishes what is due and insists that it is one task, then runs it. */
  async runAgain(as?: ClaimAs): Promise<{ id: string; run: number }> {
    const [message, ...others] = await this.publishDue();
    assert.ok(message, 'a task is due');
    assert.equal(others.length, 0, 'no other task is due');
    return this.run(message, as);
  }

  async lookup(message: Message): Promise<Lookup> {
    const [lookup] = await this.#database.get([this.idOf(message)]);
    return lookup ?? assert.fail('no answer');
  }

  async record(message: Message): Promise<TaskRecord> {
    const lookup = await this.lookup(message);
    return lookup.kind === 'found' ? lookup.record : assert.fail(`the task is ${lookup.kind}`);
  }

  async state(message: Message): Promise<string> {
    const lookup = await this.lookup(message);
    return lookup.kind === 'found' ? lookup.record.state : lookup.kind;
  }

  async states(messages: readonly Message[]): Promise<string[]> {
    return Promise.all(messages.map((message) => this.state(message)));
  }

  idOf(message: Message): TaskId {
    return readTaskId(message.id) ?? assert.fail(`${message.id} is no id`);
  }

  async reopen(how: 'close' | 'crash'): Promise<void> {
    this.#database = await this.subject.reopen(how);
    await this.look();
  }

  /** Tombstones go with the horizon: what has ended may then be unknown. */
  forgetTheEnded(): void {
    this.#watch = new TransitionWatch();
    this.#known.clear();
  }

  async look(): Promise<void> {
    await this.#watch.look(this.#database, Array.from(this.#known.values()));
  }

  #know(message: Message): TaskId {
    const id = this.idOf(message);
    this.#known.set(id.text, id);
    return id;
  }

  async #checked<T>(call: Promise<T>): Promise<T> {
    const result = await call;
    await this.look();
    return result;
  }
}
