import { silentLogger } from '../../src/core/logger.ts';
import { type Address, encodeMessage, type Message } from '../../src/core/message.ts';
import { systemRandom } from '../../src/core/random.ts';
import { TaskIds } from '../../src/core/task-id.ts';
import type { TaskRecord } from '../../src/core/task-record.ts';
import { Watermarks } from '../../src/core/watermarks.ts';
import type { CacheWrite } from '../../src/cache/cache.ts';
import type { Database } from '../../src/database/database.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import type { Depth, Outgoing } from '../../src/queue/queue.ts';
import type { SchedulerOptions } from '../../src/scheduler/scheduler-options.ts';
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts';

const clock = fakeClock();
const ids = new TaskIds(['s'.repeat(32)], clock, systemRandom);

export const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };

export function message(fields: Partial<Message> = {}): Message {
  const id = ids.mint({ tenant: 'default', task: 'resize', content: [] }).text;
  return {
    id,
    run: 1,
    tenant: 'default',
    task: 'resize',
    ...ADDRESS,
    publishedAt: 1,
    input: '{}',
    ...fields,
  };
}

export function body(fields: Partial<Message> = {}): string {
  return encodeMessage(message(fields));
}

export function record(fields: Partial<TaskRecord> = {}): TaskRecord {
  const { id, tenant, task } = message();
  const counts = { version: 3, run: 1, attempts: 0, crashes: 1, createdAt: 1, changedAt: 1 };
  return { id, tenant, task, ...ADDRESS, state: 'scheduled', ...counts, cancelRequested: false, ...fields };
}

/** A database of which each answer is set, and each call remembered. What is not set finds nothing. */
class FakeDatabase {
  readonly calls: [method: string, ...args: unknown[]][] = [];
  readonly answers = new Map<string, (...args: never[]) => unknown>();

  answer(method: keyof Database, give: (...args: never[]) => unknown): void {
    this.answers.set(method, give);
  }

  of(method: keyof Database): unknown[][] {
    return this.calls.filter(([name]) => name === method).map(([, ...args]) => args);
  }

  get asDatabase(): Database {
    const defaults: Record<string, unknown> = {
      due: { tasks: [], more: false, now: clock.now() },
      reconcile: 0,
      sweep: { bodies: 0, rows: 0, tombstones: 0 },
      published: undefined,
      followUpsPublished: undefined,
      reject: undefined,
    };
    return new Proxy({} as Database, {
      get:
        (_target, method: string) =>
        async (...args: unknown[]) => {
          this.calls.push([method, ...args]);
          const answer = this.answers.get(method) as ((...given: unknown[]) => unknown) | undefined;
          if (answer) return answer(...args);
          return method in defaults ? defaults[method] : [];
        },
    });
  }
}

export interface Fakes {
  readonly clock: FakeClock;
  readonly database: FakeDatabase;
  readonly watermarks: Watermarks;
  readonly published: Outgoing[];
  readonly cached: Map<string, CacheWrite>;
  readonly signalled: [topic: string, payload: string][];
  depth: Depth[];
  /** Set to have publishing fail. */
  refuse: ((messages: readonly Outgoing[]) => Error | undefined) | undefined;
  readonly options: SchedulerOptions;
}

export function fakes(): Fakes {
  const made = {
    clock: fakeClock(),
    database: new FakeDatabase(),
    watermarks: new Watermarks(),
    published: [] as Outgoing[],
    cached: new Map<string, CacheWrite>(),
    signalled: [] as [string, string][],
    depth: [] as Depth[],
    refuse: undefined as Fakes['refuse'],
  };
  const options: SchedulerOptions = {
    ...made,
    database: made.database.asDatabase,
    queue: {
      publish: async (messages) => {
        const refusal = made.refuse?.(messages);
        if (refusal) throw refusal;
        made.published.push(...messages);
      },
      depth: async () => ({ addresses: made.depth, fullness: 0 }),
    },
    cache: { set: async (key, entry) => void made.cached.set(key, entry) },
    signals: { publish: (topic, payload) => void made.signalled.push([topic, payload]) },
    logger: silentLogger,
    metrics: new Metrics(),
    retention: { bodiesMs: 7, rowsMs: 30, horizonMs: 90 },
    interruptionLimit: 10,
    addresses: () => [ADDRESS],
  };
  return Object.assign(made, { options });
}
