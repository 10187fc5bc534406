import { LRUCache } from 'lru-cache';
import { SluiceError } from '../../core/errors.ts';
import type { TaskId, TaskIds } from '../../core/task-id.ts';

const MAX_IDS = 10_000;

/** Verifies ids, and remembers the genuine ones: whoever follows a task asks for it again and again. */
export class VerifiedIds {
  readonly #ids: TaskIds;
  /** An id is signed for one tenant. */
  readonly #genuine = new LRUCache<string, { readonly id: TaskId; readonly tenant: string }>({
    max: MAX_IDS,
  });

  constructor(ids: TaskIds) {
    this.#ids = ids;
  }

  /** @throws SluiceError `SLUICE_TASK_NOT_FOUND` for an id that was not made for the tenant */
  verify(text: string, tenant: string): TaskId {
    const known = this.#genuine.get(text);
    if (known?.tenant === tenant) return known.id;
    const id = this.#ids.verify(text, tenant);
    if (!id) throw new SluiceError('SLUICE_TASK_NOT_FOUND');
    this.#genuine.set(text, { id, tenant });
    return id;
  }
}
