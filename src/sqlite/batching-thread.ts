import { Worker } from 'node:worker_threads';
import type { BatchResult, OperationCall, OperationResult, ThreadData } from './operation-module.ts';

/** The file can not be read or written just now; the outcome of a write is unknown. */
export class StoreUnavailable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'StoreUnavailable';
  }
}

interface Waiting {
  readonly call: OperationCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/** Bounds the transaction, and so how long the calls behind it wait. */
const MAX_BATCH = 2000;

/**
 * A thread that serves operation calls in batches. One batch is under way at a time, and everything that is called
 * meanwhile goes into the next: under load the cost of a commit is shared, and an idle thread starts at once.
 */
export class BatchingThread {
  readonly #entry: URL;
  readonly #data: ThreadData;
  readonly #onBroken: (reason: string) => void;
  #worker: Worker | undefined;
  #waiting: Waiting[] = [];
  #underWay: Waiting[] = [];
  #flushScheduled = false;
  #idle: (() => void) | undefined;
  #terminated: Promise<unknown> = Promise.resolve();

  /** @param onBroken called once when the thread can no longer be used; every call is rejected from then on */
  constructor(entry: URL, data: ThreadData, onBroken: (reason: string) => void) {
    this.#entry = entry;
    this.#data = data;
    this.#onBroken = onBroken;
  }

  /** Resolves when the thread has opened the file; rejects with the reason when it can not. */
  async start(): Promise<void> {
    const worker = new Worker(this.#entry, { workerData: this.#data });
    await new Promise<void>((resolve, reject) => {
      const end = (error: Error): void => {
        reject(error);
        this.#break(error.message);
      };
      worker.on('message', (message: BatchResult | 'ready') => {
        if (message === 'ready') resolve();
        else this.#onResult(message);
      });
      worker.on('error', end);
      worker.on('exit', () => end(new Error('the thread ended')));
    });
    this.#worker = worker;
  }

  call(call: OperationCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.#worker) {
        reject(new StoreUnavailable('the file is not open'));
        return;
      }
      this.#waiting.push({ call, resolve, reject });
      this.#scheduleFlush();
    });
  }

  /** Resolves when every call made so far is answered and the thread has ended. */
  async stop(): Promise<void> {
    if (this.#underWay.length > 0 || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker) this.#terminated = worker.terminate();
    await this.#terminated;
  }

  /** What arrives in one turn of the event loop goes together, which takes no timer. */
  #scheduleFlush(): void {
    if (this.#flushScheduled || this.#underWay.length > 0) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#worker || this.#underWay.length > 0) return;
    if (this.#waiting.length === 0) {
      this.#idle?.();
      return;
    }
    this.#underWay = this.#waiting.splice(0, MAX_BATCH);
    this.#worker.postMessage(this.#underWay.map(({ call }) => call));
  }

  #onResult({ results, broken }: BatchResult): void {
    const answered = this.#underWay;
    this.#underWay = [];
    for (const [index, waiting] of answered.entries()) answer(waiting, results[index]);
    // Not at once: what is being gathered in this turn of the event loop shares the next commit.
    if (broken === undefined) this.#scheduleFlush();
    else this.#break(broken);
  }

  #break(reason: string): void {
    const worker = this.#worker;
    if (!worker) return;
    this.#worker = undefined;
    this.#terminated = worker.terminate();
    const unanswered = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#waiting = [];
    for (const { reject } of unanswered) reject(new StoreUnavailable(reason));
    this.#idle?.();
    this.#onBroken(reason);
  }
}

function answer({ resolve, reject }: Waiting, result: OperationResult | undefined): void {
  if (result?.ok) resolve(result.value);
  else if (!result || result.unavailable)
    reject(new StoreUnavailable(result?.message ?? 'the thread gave no answer'));
  else reject(new Error(result.message));
}
