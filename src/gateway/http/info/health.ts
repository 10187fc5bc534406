import type { Clock } from '../../../core/clock.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Health } from '../../../core/health.ts';
import { within } from '../../read/deadline.ts';

/** Something that can say how it is. */
export interface Examined {
  health(): Promise<Health>;
}

export interface HealthReport {
  readonly queue: Health;
  readonly database: Health;
}

const DEADLINE_MS = 500;
const HOLDS_MS = 1000;

/** The state of the engines behind the gateway, asked at most once a second however often it is asked for. */
export class HealthCheck {
  readonly #queue: Examined;
  readonly #database: Examined;
  readonly #clock: Clock;
  #last: { readonly at: number; readonly report: Promise<HealthReport> } | undefined;

  constructor(queue: Examined, database: Examined, clock: Clock) {
    this.#queue = queue;
    this.#database = database;
    this.#clock = clock;
  }

  /** Never rejects. */
  report(): Promise<HealthReport> {
    const now = this.#clock.elapsed();
    if (!this.#last || now - this.#last.at >= HOLDS_MS) this.#last = { at: now, report: this.#ask() };
    return this.#last.report;
  }

  async #ask(): Promise<HealthReport> {
    const [queue, database] = await Promise.all([examine(this.#queue), examine(this.#database)]);
    return { queue, database };
  }
}

async function examine(engine: Examined): Promise<Health> {
  try {
    return await within(DEADLINE_MS, engine.health());
  } catch (error) {
    return { ok: false, durability: 'unknown', durable: false, reason: messageOf(error) };
  }
}
