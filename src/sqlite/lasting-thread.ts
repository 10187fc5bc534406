import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { type BatchingThread, StoreUnavailable } from './batching-thread.ts';
import type { OperationCall } from './operation-module.ts';

export interface LastingThreadOptions {
  readonly make: (onBroken: (reason: string) => void) => BatchingThread;
  /** Called first of all when the file was opened anew; where it fails, the file is opened once more. */
  readonly onReopened: () => Promise<void>;
  readonly logger: Logger;
}

const REOPEN_MIN_MS = 100;
const REOPEN_MAX_MS = 10_000;

/**
 * A BatchingThread that is replaced when its handle fails. Until the file is open again, every call rejects with
 * StoreUnavailable; the handle that failed is never tried again (https://lwn.net/Articles/752063/).
 */
export class LastingThread {
  readonly #options: LastingThreadOptions;
  readonly #closing = new AbortController();
  #thread: BatchingThread;
  #down: string | undefined;
  #reopening: Promise<void> | undefined;

  constructor(options: LastingThreadOptions) {
    this.#options = options;
    this.#thread = this.#make();
  }

  /** Why nothing can be called at the moment; undefined when all is well. */
  get down(): string | undefined {
    return this.#down;
  }

  /** Resolves when the file is open; rejects with the reason when it can not be opened the first time. */
  start(): Promise<void> {
    return this.#thread.start();
  }

  call(call: OperationCall): Promise<unknown> {
    if (this.#down !== undefined) return Promise.reject(new StoreUnavailable(this.#down));
    return this.#thread.call(call);
  }

  /** Resolves when every call is answered and no thread is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reopening;
    await this.#thread.stop();
  }

  #make(): BatchingThread {
    return this.#options.make((reason) => this.#onBroken(reason));
  }

  #onBroken(reason: string): void {
    this.#down = reason;
    if (this.#reopening || this.#closing.signal.aborted) return;
    this.#options.logger.error('the data file failed; it will be opened anew', { reason });
    this.#reopening = this.#reopen();
  }

  async #reopen(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#closing;
    for (let delayMs = REOPEN_MIN_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, REOPEN_MAX_MS)) {
      await this.#thread.stop();
      await pause(delayMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#open();
      } catch (thrown) {
        this.#down = messageOf(thrown);
        logger.error('the data file can not be opened', { reason: this.#down });
      }
      if (this.#down !== undefined) continue;
      logger.info('the data file is open again');
      this.#reopening = undefined;
      return;
    }
  }

  async #open(): Promise<void> {
    this.#thread = this.#make();
    await this.#thread.start();
    this.#down = undefined;
    await this.#options.onReopened();
  }
}
