import type { Priority } from '../core/message.ts';
import type { JsonSchema } from '../core/schema.ts';

/** What a gateway knows of a task: everything but its code. */
export interface TaskManifest {
  readonly name: string;
  readonly description?: string | undefined;
  readonly queue: string;
  readonly priority: Priority;
  readonly retries: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly timeoutMs: number;
  readonly concurrencyLimit?: number | undefined;
  /** JSON Schema of what a caller sends. */
  readonly input: JsonSchema;
  /** JSON Schema of the result, where the definition has one. */
  readonly output?: JsonSchema | undefined;
}

/** All tasks of an installation, as `sluice build` writes them and a runner reports them. */
export interface Manifest {
  readonly format: 1;
  /** SHA-256 over the tasks, in hexadecimal: tells two releases apart. */
  readonly hash: string;
  readonly tasks: readonly TaskManifest[];
}
