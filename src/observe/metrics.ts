import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Address } from '../core/message.ts';
import { type TaskCounts, TaskGauge } from './task-gauge.ts';

/** What the depth gauges are filled from at each scrape. */
export interface DepthReading {
  readonly addresses: readonly { readonly address: Address; readonly messages: number }[];
  /** How full the fullest part of the queue is, from 0 to 1. */
  readonly fullness: number;
  /** Messages set aside that nobody is given any more; left out where the queue never does that. */
  readonly parked?: number;
}

const UNKNOWN_TASK = 'unknown';

/**
 * The figures of one process, in its own registry. No label holds a tenant, an id or anything else that a caller can
 * make up, so that their number stays bounded.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #accepted = this.#counter('sluice_accepted_total', 'Tasks accepted.', ['task']);
  readonly #rejected = this.#counter('sluice_rejected_total', 'Requests not accepted.', ['task', 'code']);
  /** Not in the counter yet: a labelled increment per accept is felt. */
  readonly #acceptedSince = new Map<string, number>();
  readonly #acceptSeconds = new Histogram({
    name: 'sluice_accept_duration_seconds',
    help: 'Time from the whole request to its answer, of tasks accepted.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.#registry],
  });
  readonly #claims = this.#counter('sluice_claims_total', 'Verdicts about messages.', ['verdict']);
  readonly #settled = this.#counter('sluice_settled_total', 'Runs that ended.', ['task', 'outcome']);
  readonly #running = this.#gauge('sluice_running', 'Runs under way in this process.', []);
  readonly #published = this.#counter(
    'sluice_published_again_total',
    'Due tasks put back into the queue.',
    [],
  );
  readonly #recovered = this.#counter('sluice_recovered_total', 'Runs whose lease ran out.', []);
  readonly #reconciled = this.#counter(
    'sluice_reconciled_total',
    'Messages the queue seems to have lost.',
    [],
  );
  readonly #followUps = this.#counter('sluice_follow_ups_total', 'Tasks queued by tasks.', []);
  readonly #swept = this.#counter('sluice_swept_total', 'What retention removed.', ['kind']);
  readonly #messages = this.#gauge('sluice_queue_messages', 'Messages in the queue.', ['queue', 'priority']);
  readonly #fullness = this.#gauge('sluice_queue_fullness', 'Share of its hard limit the queue holds.', []);
  readonly #parked = this.#gauge('sluice_queue_parked', 'Messages that the queue delivers to nobody.', []);
  #depth: (() => Promise<DepthReading>) | undefined;
  #tasks: TaskGauge | undefined;
  #readSpool: () => void = () => undefined;

  accepted(task: string, durationMs: number): void {
    this.#acceptedSince.set(task, (this.#acceptedSince.get(task) ?? 0) + 1);
    this.#acceptSeconds.observe(durationMs / 1000);
  }

  /** @param task the name of a task that is defined; undefined for any other, since a caller chose it */
  rejected(code: string, task: string = UNKNOWN_TASK): void {
    this.#rejected.inc({ task, code });
  }

  claimed(verdict: string): void {
    this.#claims.inc({ verdict });
  }

  settled(task: string, outcome: string): void {
    this.#settled.inc({ task, outcome });
  }

  running(count: number): void {
    this.#running.set(count);
  }

  publishedAgain(count: number): void {
    this.#published.inc(count);
  }

  recovered(count: number): void {
    this.#recovered.inc(count);
  }

  reconciled(count: number): void {
    this.#reconciled.inc(count);
  }

  followUps(count: number): void {
    this.#followUps.inc(count);
  }

  swept(kind: 'bodies' | 'rows' | 'tombstones', count: number): void {
    this.#swept.inc({ kind }, count);
  }

  /** Where the depth of the queue comes from, asked at each scrape. While it fails, the depth is left out. */
  depthFrom(read: () => Promise<DepthReading>): void {
    this.#depth = read;
  }

  /** Where the number of tasks in each state comes from, asked at each scrape. While it fails, that is left out. */
  tasksFrom(read: () => Promise<TaskCounts>): void {
    const help = 'Tasks that the database holds and that have not ended, up to a bound.';
    this.#tasks = new TaskGauge(this.#gauge('sluice_tasks', help, ['state']), read);
  }

  /** Where the number of tasks comes from that wait on this disk for the queue; without a spool there is no such gauge. */
  spooledFrom(read: () => number): void {
    const gauge = this.#gauge(
      'sluice_spooled',
      'Accepted tasks on this disk that the queue has not taken.',
      [],
    );
    this.#readSpool = () => gauge.set(read());
  }

  /** MIME type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * Everything as a scrape reads it.
   * @see https://prometheus.io/docs/instrumenting/exposition_formats/
   */
  async text(): Promise<string> {
    await Promise.all([this.#readDepth(), this.#tasks?.refresh()]);
    this.#readSpool();
    for (const [task, count] of this.#acceptedSince) this.#accepted.inc({ task }, count);
    this.#acceptedSince.clear();
    return this.#registry.metrics();
  }

  async #readDepth(): Promise<void> {
    const reading = await this.#ask();
    this.#messages.reset();
    this.#fullness.remove();
    this.#parked.remove();
    if (!reading) return;
    this.#fullness.set(reading.fullness);
    if (reading.parked !== undefined) this.#parked.set(reading.parked);
    // Without an await from the reset on, so that two scrapes at a time do not add up.
    for (const { address, messages } of reading.addresses) {
      this.#messages.inc({ queue: address.queue, priority: address.priority }, messages);
    }
  }

  async #ask(): Promise<DepthReading | undefined> {
    try {
      return await this.#depth?.();
    } catch {
      // A queue that does not answer must not take the other figures away.
      return undefined;
    }
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
