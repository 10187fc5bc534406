import type { Cache, CacheEntry, CacheWrite } from '../../src/cache/cache.ts';
import { SluiceError } from '../../src/core/errors.ts';
import type { Health } from '../../src/core/health.ts';
import { decodeMessage, type Message } from '../../src/core/message.ts';
import { isTerminal } from '../../src/core/state.ts';
import { type TaskId, winnerOver } from '../../src/core/task-id.ts';
import type { TaskRecord } from '../../src/core/task-record.ts';
import type { CancelResult, Database, ListFilter, Lookup, TaskPage } from '../../src/database/database.ts';
import type { Outgoing, Queue } from '../../src/queue/queue.ts';
import type { Signals, Unsubscribe } from '../../src/signals/signals.ts';

/** How a fake answers. */
export type Mode = 'works' | 'rejects' | 'hangs';

const FINE: Health = { ok: true, durability: 'none, a fake', durable: false };

function inMode<T>(mode: Mode, answer: () => T, rejection?: Error): Promise<T> {
  if (mode === 'hangs') return new Promise(() => undefined);
  if (mode === 'rejects') return Promise.reject(rejection ?? new Error('the fake was told to reject'));
  return Promise.resolve().then(answer);
}

export class FakeQueue implements Pick<Queue, 'publish' | 'depth' | 'health'> {
  mode: Mode = 'works';
  fullness = 0;
  depthsAsked = 0;
  refusal: SluiceError | undefined;
  readonly messages: Message[] = [];
  #gate: Promise<void> | undefined;

  /** Lets no publish finish until the returned function is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => {
      open = () => {
        this.#gate = undefined;
        resolve();
      };
    });
    return open;
  }

  async publish(messages: readonly Outgoing[]): Promise<void> {
    await this.#gate;
    if (this.refusal) throw this.refusal;
    return inMode(this.mode, () => {
      this.messages.push(...messages.map(({ body }) => decodeMessage(body)));
    });
  }

  async depth(): Promise<{ addresses: []; fullness: number }> {
    this.depthsAsked++;
    return { addresses: [], fullness: this.fullness };
  }

  health(): Promise<Health> {
    return inMode(this.mode, () => FINE);
  }
}

interface Row {
  readonly record: TaskRecord;
  readonly result?: string | undefined;
}

export class FakeDatabase implements Pick<Database, 'get' | 'list' | 'cancel' | 'health'> {
  mode: Mode = 'works';
  /** Ids asked for, by call. */
  readonly gets: string[][] = [];
  readonly lists: ListFilter[] = [];
  readonly gone = new Set<string>();
  readonly #rows = new Map<string, Row>();
  page: TaskPage = { tasks: [] };
  /** The time it goes by. */
  now = 0;

  /** Keeps a row under an identity. */
  put(id: TaskId, row: Row): void {
    this.#rows.set(id.identity, row);
  }

  get(ids: readonly TaskId[]): Promise<Lookup[]> {
    this.gets.push(ids.map(({ text }) => text));
    return this.#answer(() =>
      ids.map((id): Lookup => {
        if (this.gone.has(id.identity)) return { kind: 'gone', state: 'succeeded', endedAt: 1 };
        const row = this.#rows.get(id.identity);
        return row ? { kind: 'found', ...row } : { kind: 'none' };
      }),
    );
  }

  list(filter: ListFilter): Promise<TaskPage> {
    this.lists.push(filter);
    return this.#answer(() => this.page);
  }

  cancel(id: TaskId, tenant: string, horizonMs: number): Promise<CancelResult> {
    return this.#answer((): CancelResult => {
      const old = this.#rows.get(id.identity)?.record;
      if (this.#isGone(id, horizonMs)) return { kind: 'gone' };
      const winner = old && winnerOver(id, old.id);
      if (winner) return { kind: 'reused', winner };
      if (old && isTerminal(old.state)) return { kind: 'ended', record: old };
      if (old?.state === 'running') {
        const record = { ...old, cancelRequested: true };
        this.put(id, { record });
        return { kind: 'requested', record };
      }
      const record = recordOf(id, {
        ...old,
        tenant,
        state: 'cancelled',
        version: (old?.version ?? 1) + 1,
        finishedAt: 2,
      });
      this.put(id, { record });
      return { kind: 'cancelled', record };
    });
  }

  health(): Promise<Health> {
    return this.#answer(() => FINE);
  }

  #isGone({ identity, time }: TaskId, horizonMs: number): boolean {
    return this.gone.has(identity) || (!this.#rows.has(identity) && time < this.now - horizonMs);
  }

  #answer<T>(answer: () => T): Promise<T> {
    return inMode(this.mode, answer, new SluiceError('SLUICE_DATABASE_UNAVAILABLE'));
  }
}

export class FakeCache implements Cache {
  mode: Mode = 'works';
  gets = 0;
  readonly entries = new Map<string, CacheWrite>();

  get(key: string): Promise<CacheEntry | undefined> {
    this.gets++;
    return inMode(this.mode, () => this.entries.get(key));
  }

  set(key: string, entry: CacheWrite): Promise<void> {
    return inMode(this.mode, () => {
      this.entries.set(key, entry);
    });
  }

  health(): Promise<{ ok: boolean }> {
    return inMode(this.mode, () => ({ ok: true }));
  }

  async close(): Promise<void> {
    // Holds nothing.
  }
}

export class FakeSignals implements Signals {
  /** Loses everything that is published. */
  deaf = false;
  readonly published: { topic: string; payload: string }[] = [];
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();

  get subscriptions(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  publish(topic: string, payload: string): void {
    this.published.push({ topic, payload });
    if (this.deaf) return;
    for (const listener of this.#listeners.get(topic) ?? []) listener(payload);
  }

  async subscribe(topic: string, onSignal: (payload: string) => void): Promise<Unsubscribe> {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(onSignal));
    return () => listeners.delete(onSignal);
  }

  async close(): Promise<void> {
    // Holds nothing.
  }
}

/** A record with what a test does not care about filled in. */
export function recordOf(id: TaskId, fields: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: id.text,
    tenant: 'default',
    task: 'resize',
    queue: 'default',
    priority: 'normal',
    lane: 0,
    state: 'running',
    version: 2,
    run: 1,
    attempts: 0,
    crashes: 0,
    createdAt: id.time,
    changedAt: id.time,
    cancelRequested: false,
    ...fields,
  };
}
