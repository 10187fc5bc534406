import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';
import type { Logger } from '../../src/core/logger.ts';
import { encodeMessage, type Message, type Priority } from '../../src/core/message.ts';
import { systemRandom } from '../../src/core/random.ts';
import { isTerminal } from '../../src/core/state.ts';
import { TaskIds } from '../../src/core/task-id.ts';
import { Watermarks } from '../../src/core/watermarks.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import type { WorkerOptions } from '../../src/worker/worker-options.ts';
import type { WorkerTiming } from '../../src/worker/timing.ts';
import { FakeDatabase } from './fake-database.ts';
import { FakeQueue } from './fake-queue.ts';

export const TASKS = fileURLToPath(new URL('tasks.mjs', import.meta.url));

const SECRETS = ['a secret for tests, long enough to do'];
const QUICK: Partial<WorkerTiming> = {
  sweepEveryMs: 50,
  abortGraceMs: 300,
  extendEveryMs: 100,
  retryBaseMs: 10,
  retryCapMs: 50,
};

export interface WorldOptions {
  readonly concurrency?: number;
  readonly runners?: number;
  readonly limits?: Partial<Limits>;
  readonly timing?: Partial<WorkerTiming>;
  readonly module?: string;
}

/** A worker with real runners, between a queue and a database in memory. */
export class World {
  readonly queue = new FakeQueue();
  readonly database = new FakeDatabase();
  readonly watermarks = new Watermarks();
  readonly signals: { topic: string; payload: string }[] = [];
  readonly cached = new Map<string, { version: number; value: string; ttlMs: number }>();
  readonly logged: { level: string; message: string; data?: Record<string, unknown> | undefined }[] = [];
  readonly folder: string;
  readonly #subscribers = new Map<string, (payload: string) => void>();
  readonly #ids = new TaskIds(SECRETS, systemClock, systemRandom);
  #worker: Worker | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const world = await World.idle();
    await world.work(options);
    return world;
  }

  /** Without a worker yet. */
  static async idle(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'sluice-worker-')));
  }

  get worker(): Worker {
    if (!this.#worker) throw new Error('there is no worker');
    return this.#worker;
  }

  async work(options: WorldOptions = {}): Promise<void> {
    this.#worker = await startWorker(this.#options(options));
  }

  async close(): Promise<void> {
    await this.#worker?.close(0);
    await rm(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Lets go whoever waits for the file. */
  async open(gate: string): Promise<void> {
    await writeFile(gate, '');
  }

  message(task: string, input: unknown = null, fields: Partial<Message> = {}): Message {
    const id = this.#ids.mint({ tenant: 'default', task, content: [] }).text;
    const place = {
      queue: 'default',
      priority: 'normal' as Priority,
      lane: 0,
      publishedAt: systemClock.now(),
    };
    return { id, run: 1, tenant: 'default', task, ...place, input: JSON.stringify(input), ...fields };
  }

  async enqueue(task: string, input?: unknown, fields?: Partial<Message>): Promise<string> {
    const message = this.message(task, input, fields);
    await this.publish([message]);
    return message.id;
  }

  async publish(messages: readonly Message[]): Promise<void> {
    await this.queue.publish(messages.map((message) => ({ address: message, body: encodeMessage(message) })));
  }

  async enqueueMany(task: string, count: number, input?: unknown): Promise<string[]> {
    const messages = Array.from({ length: count }, () => this.message(task, input));
    await this.publish(messages);
    return messages.map(({ id }) => id);
  }

  row(id: string): NonNullable<ReturnType<FakeDatabase['rows']['get']>> {
    const row = this.database.rows.get(id);
    if (!row) throw new Error(`there is no row ${id}`);
    return row;
  }

  /** Waits until each of the tasks has ended. */
  async ended(...ids: string[]): Promise<void> {
    await this.until(() => ids.every((id) => isTerminal(this.database.rows.get(id)?.state ?? 'queued')));
  }

  async running(...ids: string[]): Promise<void> {
    await this.until(() => ids.every((id) => this.database.rows.get(id)?.state === 'running'));
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitFor(() => {
      if (!condition()) throw new Error(`not yet: ${JSON.stringify(this.worker.status())}`);
    }, WAIT);
  }

  signal(topic: string, payload = ''): void {
    this.#subscribers.get(topic)?.(payload);
  }

  subscribed(topic: string): boolean {
    return this.#subscribers.has(topic);
  }

  #options({ concurrency = 20, runners = 2, limits, timing, module = TASKS }: WorldOptions): WorkerOptions {
    const { queue, database, watermarks } = this;
    return {
      queue,
      database,
      watermarks,
      random: systemRandom,
      secrets: SECRETS,
      queues: ['default'],
      concurrency,
      runners,
      module,
      retention: { bodiesMs: 1000, rowsMs: 1000, horizonMs: 1000 },
      limits: { ...DEFAULT_LIMITS, ...limits },
      timing: { ...QUICK, ...timing },
      runnerEntry: new URL('../../dist/runner/main.js', import.meta.url),
      logger: this.#logger(),
      metrics: { claimed: nothing, settled: nothing, running: nothing, followUps: nothing },
      cache: { set: async (key, entry) => void this.cached.set(key, entry) },
      signals: {
        publish: (topic, payload) => void this.signals.push({ topic, payload }),
        subscribe: async (topic, onSignal) => {
          this.#subscribers.set(topic, onSignal);
          return () => this.#subscribers.delete(topic);
        },
      },
      onScheduled: () => void this.publish(database.takeDue()),
    };
  }

  #logger(): Logger {
    const at =
      (level: string) =>
      (message: string, data?: Record<string, unknown>): void =>
        void this.logged.push({ level, message, data });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

function nothing(): void {
  // These tests look at no figures.
}

/** For waiting on conditions, far beyond what they take on a busy machine. */
export const WAIT = { timeout: 50_000, interval: 20 };
