import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import type { TaskView } from '../../core/task-view.ts';

/** A task that can not change any more, with the answer to whoever asks for it. */
export interface FinishedTask {
  readonly view: TaskView;
  /** The task resource. */
  readonly body: string;
}

interface Kept extends FinishedTask {
  /** Whose it is: an id is signed for one tenant. */
  readonly tenant: string;
  readonly until: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
const OVERHEAD_BYTES = 1024;
/** Retention takes results and rows away, which nobody tells a gateway. */
const KEEP_MS = 60_000;

/** The tasks lately read after their end, in this process. */
export class FinishedTasks {
  readonly #clock: Clock;
  readonly #tasks = new LRUCache<string, Kept>({ maxSize: MAX_BYTES });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Needs no verified id: only what was read under one is here. */
  get(id: string, tenant: string): FinishedTask | undefined {
    const task = this.#tasks.get(id);
    return task?.tenant === tenant && task.until > this.#clock.elapsed() ? task : undefined;
  }

  set(id: string, tenant: string, task: FinishedTask): void {
    const size = OVERHEAD_BYTES + 2 * (task.body.length + (task.view.result?.length ?? 0));
    this.#tasks.set(id, { ...task, tenant, until: this.#clock.elapsed() + KEEP_MS }, { size });
  }
}
