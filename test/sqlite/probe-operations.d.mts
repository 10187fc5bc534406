import type { OperationModule } from '../../src/sqlite/operation-module.ts';

export type ProbeWrites = {
  /** Adds a value that has to be new; returns the number of the transaction that it became a part of. */
  add(value: string): number;
  /** Returns, as `add` does, once the first 32 bits of the buffer are not 0. */
  hold(gate: SharedArrayBuffer): number;
  fail(code: string): never;
};

export type ProbeReads = {
  values(): string[];
  fail(code: string): never;
};

export declare const operationModule: OperationModule<ProbeWrites, ProbeReads>;
