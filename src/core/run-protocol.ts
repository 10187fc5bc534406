import type { AbortCause } from './context.ts';
import type { ErrorCode } from './errors.ts';
import type { Progress, TaskError } from './task-record.ts';

/**
 * What a worker and its runners tell each other: each message of the channel between them is an array of these, all
 * that there was to tell in one turn of the sender's loop. Both come from one release, so the protocol carries no
 * version. Inputs and results travel as the JSON text they are.
 */
export type ToRunner =
  /** Sent once, first. */
  | {
      readonly kind: 'load';
      /** Absolute path of the module whose exports are the definitions. */
      readonly module: string;
      /** For the ids of the tasks that handlers enqueue. */
      readonly secrets: readonly string[];
      readonly maxResultBytes: number;
      /** Of the input of a task that a handler enqueues. */
      readonly maxBodyBytes: number;
    }
  | { readonly kind: 'start'; readonly runs: readonly RunRequest[] }
  | { readonly kind: 'abort'; readonly id: string; readonly run: number; readonly cause: AbortCause }
  | { readonly kind: 'ping'; readonly number: number };

export type FromRunner =
  /** The definitions are loaded; `manifest` is a Manifest. */
  | { readonly kind: 'ready'; readonly manifest: unknown }
  /** They could not be loaded. Nothing else comes. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly data: Record<string, unknown> }
  | { readonly kind: 'ended'; readonly runs: readonly RunEnd[] }
  | { readonly kind: 'progress'; readonly id: string; readonly run: number; readonly progress: Progress }
  | {
      readonly kind: 'log';
      readonly id: string;
      readonly run: number;
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly data?: Record<string, unknown> | undefined;
    }
  | { readonly kind: 'pong'; readonly number: number }
  /** An error that no handler caught, and nobody can tell whose: the process ends. */
  | { readonly kind: 'dying'; readonly error: TaskError };

export interface RunRequest {
  readonly id: string;
  readonly run: number;
  readonly tenant: string;
  readonly task: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly input: string;
}

export interface RunEnd {
  readonly id: string;
  readonly run: number;
  readonly end: RunOutcome;
  /** The abort had reached the handler before it ended, so its outcome is that of the abort. */
  readonly aborted: boolean;
}

export type RunOutcome =
  /** `followUps`: encoded messages of the tasks that the handler enqueued. */
  | { readonly kind: 'returned'; readonly result: string; readonly followUps: readonly string[] }
  /** `retry`: as the policy says, never, or after so many milliseconds. */
  | { readonly kind: 'threw'; readonly error: TaskError; readonly retry: 'policy' | 'never' | number };
