import { Breaker } from '../../core/breaker.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { Lookup, Tasks } from '../../database/database.ts';

const DEADLINE_MS = 1000;
const MAX_BATCH = 256;
const MAX_BATCHES_UNDER_WAY = 2;
/** One may be that of a single connection. All that can be under way at a time are the database's. */
const FAILURES = MAX_BATCHES_UNDER_WAY;

interface Pending {
  readonly id: TaskId;
  readonly found: Promise<Lookup | undefined>;
  readonly answer: (lookup: Lookup | undefined) => void;
}

/** Gathers the look-ups of one turn of the event loop, and of the time two batches are under way, into the next batch. */
export class Lookups {
  readonly #database: Pick<Tasks, 'get'>;
  readonly #breaker: Breaker;
  readonly #waiting = new Map<string, Pending>();
  #underWay = 0;
  #scheduled = false;

  constructor(database: Pick<Tasks, 'get'>, clock: Clock, logger: Logger) {
    this.#database = database;
    this.#breaker = new Breaker({
      whom: 'the database',
      deadlineMs: DEADLINE_MS,
      failures: FAILURES,
      clock,
      logger,
    });
  }

  /** What the database, asked after this call, says; undefined when it does not answer. Never rejects. */
  find(id: TaskId): Promise<Lookup | undefined> {
    const same = this.#waiting.get(id.text);
    if (same) return same.found;
    let answer: Pending['answer'] = () => undefined;
    const found = new Promise<Lookup | undefined>((resolve) => {
      answer = resolve;
    });
    this.#waiting.set(id.text, { id, found, answer });
    this.#schedule();
    return found;
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= MAX_BATCHES_UNDER_WAY || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#ask(this.#take());
      this.#schedule();
    });
  }

  #take(): Pending[] {
    const batch: Pending[] = [];
    for (const [text, pending] of this.#waiting) {
      this.#waiting.delete(text);
      if (batch.push(pending) === MAX_BATCH) break;
    }
    return batch;
  }

  /** Where the database is not asked, this answers at once, so that nobody waits for long. */
  async #ask(batch: readonly Pending[]): Promise<void> {
    this.#underWay++;
    const lookups = await this.#breaker.ask(() => this.#database.get(batch.map(({ id }) => id)));
    this.#underWay--;
    for (const [at, { answer }] of batch.entries()) answer(lookups?.[at]);
    this.#schedule();
  }
}
