import type { AbortCause } from '../../core/context.ts';
import type { Message } from '../../core/message.ts';
import type { Progress } from '../../core/task-record.ts';
import type { TaskManifest } from '../../manifest/manifest.ts';

/** One permitted run of a task, from its claim to its settle. Times are those of the monotonic clock. */
export interface Run {
  readonly message: Message;
  readonly run: number;
  readonly task: TaskManifest;
  /** What there was before this run. */
  readonly attempts: number;
  readonly crashes: number;
  /** It has to be the only one in its runner. */
  readonly alone: boolean;
  readonly claimedAt: number;
  /** The database knows that it may be at fault when the process dies from now on. */
  begun?: boolean;
  /** When a runner was given it; undefined while it waits for one. */
  placedAt?: number;
  /** Its outcome is decided, though it may still execute: nothing that its runner tells of it matters any more. */
  over?: boolean;
  abort?: { readonly cause: AbortCause; readonly at: number };
  progress?: Progress;
  /** It was seen by a sweep, so it is no short one. */
  lasting?: boolean;
  /** Ends the subscription to its cancel topic. */
  unsubscribe?: () => void;
}

/** The runs that this worker has claimed and not settled, by task id. */
export class RunTable implements Iterable<Run> {
  readonly #runs = new Map<string, Run>();
  readonly #whenEmpty: (() => void)[] = [];

  get size(): number {
    return this.#runs.size;
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  add(run: Run): void {
    this.#runs.set(run.message.id, run);
  }

  delete(run: Run): void {
    run.unsubscribe?.();
    if (this.#runs.get(run.message.id) !== run) return;
    this.#runs.delete(run.message.id);
    if (this.#runs.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Resolves when there is none, at once if so now. */
  async empty(): Promise<void> {
    if (this.#runs.size === 0) return;
    await new Promise<void>((resolve) => void this.#whenEmpty.push(resolve));
  }

  [Symbol.iterator](): Iterator<Run> {
    return this.#runs.values();
  }
}
