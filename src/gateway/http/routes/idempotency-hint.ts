import { FIRST_VERSION } from '../../../core/state.ts';
import { readTaskId, type TaskId } from '../../../core/task-id.ts';
import type { QuickCache } from '../../read/quick-cache.ts';

/** Longer than anyone repeats a request; after it, and without a hint at all, the claim tells the copy. */
const KEEP_MS = 24 * 3_600_000;

/**
 * Which task an idempotency key made, kept in the cache, so that a repeated request gets the same id back. A mere hint:
 * what is lost here costs a second id for the same task, never a second task.
 */
export class IdempotencyHint {
  readonly #cache: QuickCache;

  constructor(cache: QuickCache) {
    this.#cache = cache;
  }

  /** The id that was given before for the identity of `id`. */
  async find(id: TaskId): Promise<TaskId | undefined> {
    const entry = await this.#cache.get(keyOf(id));
    const known = entry && readTaskId(entry.value);
    return known?.identity === id.identity ? known : undefined;
  }

  remember(id: TaskId): void {
    this.#cache.set(keyOf(id), { version: FIRST_VERSION, value: id.text, ttlMs: KEEP_MS });
  }
}

function keyOf({ identity }: TaskId): string {
  return `idempotency:${identity}`;
}
