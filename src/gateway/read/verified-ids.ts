import { LRUCache } from 'lru-cache';
import { SluiceError } from '../../core/errors.ts';
import type { TaskId, TaskIds } from '../../core/task-id.ts';

const MAX_IDS = 10_000;

/** Verifies ids, and remembers the genuine ones: whoever follows a task asks for it again and again. */
export class VerifiedIds {
  readonly #ids: TaskIds;
  readonly #genuine = new LRUCache<string, TaskId>({ max: MAX_IDS });

  constructor(ids: TaskIds) {
    this.#ids = ids;
  }

  /** @throws SluiceError `SLUICE_TASK_NOT_FOUND` for an id that was not made for the tenant */
  verify(text: string, tenant: string): TaskId {
    const key = `${tenant} ${text}`;
    const known = this.#genuine.get(key);
    if (known) return known;
    const id = this.#ids.verify(text, tenant);
    if (!id) throw new SluiceError('SLUICE_TASK_NOT_FOUND');
    this.#genuine.set(key, id);
    return id;
  }
}
