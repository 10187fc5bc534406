import { join, resolve } from 'node:path';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Health } from '../core/health.ts';
import type { Logger } from '../core/logger.ts';
import { BatchingThread, StoreUnavailable } from './batching-thread.ts';
import { type Unlock, lockFolder } from './folder-lock.ts';
import { LastingThread } from './lasting-thread.ts';
import type { OperationCall, OperationModule, Operations } from './operation-module.ts';

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

/**
 * One SQLite file with one writer thread and one reader thread, which the embedded queue and the embedded database
 * share. A write resolves when it is synced to the disk. A thread whose handle fails is replaced, and its calls reject
 * with StoreUnavailable meanwhile; the other goes on.
 */
export class SqliteStore {
  readonly #unlock: Unlock;
  readonly #reopened: (() => Promise<void>)[] = [];
  readonly #writer: LastingThread;
  readonly #reader: LastingThread;
  /** Why the last write was not possible, though the handle is whole: the disk is full. */
  #refusal: string | undefined;
  #closing: Promise<void> | undefined;

  private constructor({ folder, modules, logger }: StoreOptions, unlock: Unlock) {
    this.#unlock = unlock;
    const data = { file: join(folder, 'sluice.db'), modules: modules.map((url) => url.href) };
    const lasting = (role: 'commit' | 'read', onReopened: () => Promise<void>): LastingThread => {
      const entry = new URL(`./${role}-thread.js`, import.meta.url);
      return new LastingThread({
        make: (onBroken) => new BatchingThread(entry, data, onBroken),
        onReopened,
        logger,
      });
    };
    this.#writer = lasting('commit', async () => {
      await Promise.all(this.#reopened.map((listener) => listener()));
    });
    this.#reader = lasting('read', () => Promise.resolve());
  }

  /** @throws SluiceError `SLUICE_DATA_LOCKED`, `SLUICE_DATA_UNLOCKABLE` or `SLUICE_DATA_UNUSABLE` */
  static async open(options: StoreOptions): Promise<SqliteStore> {
    const folder = resolve(options.folder);
    const unlock = lockFolder(folder);
    const store = new SqliteStore({ ...options, folder }, unlock);
    try {
      // The writer first: it makes the file and its tables.
      await store.#writer.start();
      await store.#reader.start();
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
    return (operation, ...args) => this.#write([module.name, operation, args[0]]) as never;
  }

  reads<W extends Operations, R extends Operations>(module: OperationModule<W, R>): Caller<R> {
    return (operation, ...args) => this.#reader.call([module.name, operation, args[0]]) as never;
  }

  health(): Health {
    const reason = this.#writer.down ?? this.#reader.down ?? this.#refusal;
    return {
      ok: reason === undefined,
      durable: true,
      durability: 'SQLite, write-ahead log synced to this disk before each answer (synchronous=FULL)',
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /**
   * Calls `listener` whenever the file was opened anew for writing: writes whose outcome was unknown may have happened.
   * What it writes comes before everything else.
   */
  onReopened(listener: () => Promise<void>): void {
    this.#reopened.push(listener);
  }

  /** Resolves when every call is answered and the folder is free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #write(call: OperationCall): Promise<unknown> {
    const done = this.#writer.call(call);
    done.then(
      () => {
        this.#refusal = undefined;
      },
      (error: unknown) => {
        const whole = this.#writer.down === undefined;
        if (whole && error instanceof StoreUnavailable) this.#refusal = error.message;
      },
    );
    return done;
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    await this.#reader.close();
    this.#unlock();
  }
}
