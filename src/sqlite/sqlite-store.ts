import { join, resolve } from 'node:path';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Health } from '../core/health.ts';
import type { Logger } from '../core/logger.ts';
import { BatchingThread, StoreUnavailable } from './batching-thread.ts';
import { type Unlock, lockFolder } from './folder-lock.ts';
import type { OperationModule, Operations, ThreadData } from './operation-module.ts';

export interface StoreOptions {
  readonly folder: string;
  /** URLs of the compiled modules that export `operationModule`. */
  readonly modules: readonly URL[];
  readonly logger: Logger;
}

/** Calls the operations of one module, typed by that module. */
export type Caller<O extends Operations> = <K extends keyof O & string>(
  operation: K,
  ...args: Parameters<O[K]>
) => Promise<ReturnType<O[K]>>;

const REOPEN_MIN_MS = 100;
const REOPEN_MAX_MS = 10_000;

/**
 * One SQLite file with one writer thread and one reader thread, which the embedded queue and the embedded database
 * share. A write resolves when it is synced to the disk. After a failure that leaves the state of the file in doubt,
 * every call rejects with StoreUnavailable until the file was opened anew and its log written back; the handle that
 * failed is never tried again (https://lwn.net/Articles/752063/).
 */
export class SqliteStore {
  readonly #logger: Logger;
  readonly #threadData: ThreadData;
  readonly #unlock: Unlock;
  readonly #reopened = new Set<() => Promise<void>>();
  #writer: BatchingThread;
  #reader: BatchingThread;
  #down: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(options: StoreOptions, unlock: Unlock) {
    this.#logger = options.logger;
    this.#unlock = unlock;
    this.#threadData = {
      file: join(options.folder, 'sluice.db'),
      modules: options.modules.map((url) => url.href),
    };
    this.#writer = this.#newThread('commit');
    this.#reader = this.#newThread('read');
  }

  /** @throws SluiceError `SLUICE_DATA_LOCKED`, `SLUICE_DATA_UNLOCKABLE` or `SLUICE_DATA_UNUSABLE` */
  static async open(options: StoreOptions): Promise<SqliteStore> {
    const folder = resolve(options.folder);
    const unlock = lockFolder(folder);
    const store = new SqliteStore({ ...options, folder }, unlock);
    try {
      await store.#startThreads();
    } catch (thrown) {
      await store.close();
      throw new SluiceError(
        'SLUICE_DATA_UNUSABLE',
        { path: folder, reason: messageOf(thrown) },
        { cause: thrown },
      );
    }
    return store;
  }

  writes<W extends Operations, R extends Operations>(module: OperationModule<W, R>): Caller<W> {
    return (operation, ...args) => this.#call(this.#writer, module.name, operation, args[0]) as never;
  }

  reads<W extends Operations, R extends Operations>(module: OperationModule<W, R>): Caller<R> {
    return (operation, ...args) => this.#call(this.#reader, module.name, operation, args[0]) as never;
  }

  health(): Health {
    const ok = this.#down === undefined;
    return {
      ok,
      durable: true,
      durability: 'SQLite, write-ahead log synced to this disk before each answer (synchronous=FULL)',
      ...(ok ? {} : { reason: this.#down }),
    };
  }

  /** Calls `listener` whenever the file was opened anew: writes whose outcome was unknown may have happened. */
  onReopened(listener: () => Promise<void>): void {
    this.#reopened.add(listener);
  }

  /** Resolves when every call is answered and the folder is free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#writer.stop();
    await this.#reader.stop();
    this.#unlock();
  }

  #call(thread: BatchingThread, module: string, operation: string, args: unknown): Promise<unknown> {
    if (this.#down !== undefined) return Promise.reject(new StoreUnavailable(this.#down));
    return thread.call([module, operation, args]);
  }

  #newThread(role: 'commit' | 'read'): BatchingThread {
    const entry = new URL(`./${role}-thread.js`, import.meta.url);
    return new BatchingThread(entry, this.#threadData, (reason) => this.#onBroken(reason));
  }

  /** The writer first: it makes the file and its tables. */
  async #startThreads(): Promise<void> {
    await this.#writer.start();
    await this.#reader.start();
  }

  #onBroken(reason: string): void {
    if (this.#closed || this.#down !== undefined) return;
    this.#down = reason;
    this.#logger.error('the data file failed; it will be opened anew', { reason });
    this.#reopenIn(REOPEN_MIN_MS);
  }

  #reopenIn(delayMs: number): void {
    this.#retry = setTimeout(() => {
      this.#reopen().catch((thrown: unknown) => {
        this.#down = messageOf(thrown);
        this.#logger.error('the data file can not be opened', { reason: this.#down });
        this.#reopenIn(Math.min(delayMs * 2, REOPEN_MAX_MS));
      });
    }, delayMs);
  }

  async #reopen(): Promise<void> {
    await this.#writer.stop();
    await this.#reader.stop();
    if (this.#closed) return;
    this.#writer = this.#newThread('commit');
    this.#reader = this.#newThread('read');
    await this.#startThreads();
    this.#down = undefined;
    this.#logger.info('the data file is open again');
    await Promise.all(Array.from(this.#reopened, (listener) => listener()));
  }
}
