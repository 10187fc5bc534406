import type { Clock } from '../../../core/clock.ts';
import { within } from '../../../core/deadline.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Health, Reachability } from '../../../core/health.ts';

/** Something that can say how it is. */
export interface Examined<H> {
  health(): Promise<H>;
}

export interface ExaminedEngines {
  readonly queue: Examined<Health>;
  readonly database: Examined<Health>;
  readonly cache: Examined<Reachability>;
}

export interface HealthReport {
  readonly queue: Health;
  readonly database: Health;
  readonly cache: Reachability;
}

/** An engine that says nothing for so long is not well. */
const DEADLINE_MS = 500;
const HOLDS_MS = 1000;
/** A load balancer asks often and waits little: it is told what was known last, unless there is news so soon. */
const NEWS_WITHIN_MS = 100;
/** What was known before is no answer any more. */
const KNOWN_FOR_MS = 10_000;

/** The state of the engines behind the gateway, asked at most once a second however often it is asked for. */
export class HealthCheck {
  readonly #queue: () => Promise<Health>;
  readonly #database: () => Promise<Health>;
  readonly #cache: () => Promise<Reachability>;
  readonly #clock: Clock;
  #asked: { readonly at: number; readonly report: Promise<HealthReport> } | undefined;
  #known: { readonly at: number; readonly report: HealthReport } | undefined;

  constructor({ queue, database, cache }: ExaminedEngines, clock: Clock) {
    const unknown = { durability: 'unknown', durable: false };
    this.#queue = examiner(queue, unknown);
    this.#database = examiner(database, unknown);
    this.#cache = examiner(cache, {});
    this.#clock = clock;
  }

  /** Never rejects, and takes half a second at most; a tenth where the state was known a moment ago. */
  async report(): Promise<HealthReport> {
    const now = this.#clock.elapsed();
    const { report } = this.#fresh(now) ?? this.#ask(now);
    const known = this.#known;
    if (!known || now - known.at >= KNOWN_FOR_MS) return report;
    return within(NEWS_WITHIN_MS, report).catch(() => known.report);
  }

  #fresh(now: number) {
    return this.#asked && now - this.#asked.at < HOLDS_MS ? this.#asked : undefined;
  }

  #ask(at: number) {
    const report = this.#examine();
    this.#asked = { at, report };
    void report.then((known) => (this.#known = { at, report: known }));
    return this.#asked;
  }

  async #examine(): Promise<HealthReport> {
    const [queue, database, cache] = await Promise.all([this.#queue(), this.#database(), this.#cache()]);
    return { queue, database, cache };
  }
}

/**
 * Asks an engine how it is, and never rejects. One that has not answered yet is not asked once more: the questions would
 * pile up before it.
 */
function examiner<H extends Reachability>(
  engine: Examined<H>,
  unknown: Omit<H, keyof Reachability>,
): () => Promise<H | (Reachability & typeof unknown)> {
  let asking: Promise<H> | undefined;
  return async () => {
    asking ??= engine.health().finally(() => {
      asking = undefined;
    });
    try {
      return await within(DEADLINE_MS, asking);
    } catch (error) {
      return { ...unknown, ok: false, reason: messageOf(error) };
    }
  };
}
