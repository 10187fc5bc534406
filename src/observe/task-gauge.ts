import type { Gauge } from 'prom-client';

/** How many tasks are in each state, by its name. */
export type TaskCounts = Readonly<Record<string, number | undefined>>;

/** A scrape is answered without them then. */
const DEADLINE_MS = 1000;

/** The number of tasks in each state, asked of the database at each scrape; left out while it does not answer in time. */
export class TaskGauge {
  readonly #gauge: Gauge;
  readonly #read: () => Promise<TaskCounts>;
  #reading: Promise<TaskCounts | undefined> | undefined;

  /** @param gauge has the label `state` */
  constructor(gauge: Gauge, read: () => Promise<TaskCounts>) {
    this.#gauge = gauge;
    this.#read = read;
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    const counts = await this.#inTime();
    this.#gauge.reset();
    for (const [state, count] of Object.entries(counts ?? {})) {
      if (count !== undefined) this.#gauge.set({ state }, count);
    }
  }

  /** One that has not answered yet is not asked once more: the questions would pile up before it. */
  async #inTime(): Promise<TaskCounts | undefined> {
    this.#reading ??= this.#read()
      .catch(() => undefined)
      .finally(() => {
        this.#reading = undefined;
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), DEADLINE_MS);
    });
    const counts = await Promise.race([this.#reading, late]);
    clearTimeout(timer);
    return counts;
  }
}
