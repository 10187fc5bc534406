import type { Connection } from './binding.ts';

/** Named functions that run in a thread beside the connection. What they take and return is copied between threads. */
export type Operations = Readonly<Record<string, (args: never) => unknown>>;

/** Operations that write, all of one batch in one transaction. */
export interface WriteOperations<O extends Operations> {
  readonly operations: O;
  /** Called once before each commit, to write what is cheaper to write once a batch. */
  beforeCommit?(): void;
  /** Called when the transaction was rolled back: forget what `beforeCommit` would have written. */
  onRollback?(): void;
}

/**
 * What a driver runs in the threads of a SqliteStore. A module that is named to the store exports one as
 * `operationModule`.
 */
export interface OperationModule<W extends Operations = Operations, R extends Operations = Operations> {
  /** Prefix of its tables' migrations and of its operations. */
  readonly name: string;
  /** SQL, applied once each and in order. Only ever appended to. */
  readonly migrations: readonly string[];
  writes(connection: Connection): WriteOperations<W>;
  reads(connection: Connection): R;
}

/** One call of an operation, as it travels to the thread. */
export type OperationCall = readonly [module: string, operation: string, args: unknown];

/** What became of a call. `unavailable`: the file, not the call, is at fault. */
export type OperationResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly unavailable: boolean; readonly message: string };

/** What became of a batch. `broken`: the handle must not be used again. */
export interface BatchResult {
  readonly results: readonly OperationResult[];
  readonly broken?: string | undefined;
}

/** Where the threads find everything. */
export interface ThreadData {
  readonly file: string;
  /** URLs of modules that export `operationModule`. */
  readonly modules: readonly string[];
}
