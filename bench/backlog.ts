import { decodeMessage, encodeMessage } from '../src/core/message.ts';
import { readTaskId } from '../src/core/task-id.ts';
import type { Consumer, Delivery } from '../src/queue/queue.ts';
import { ADDRESS, type Engines, noopMessage, openEngines, RETENTION } from './engines.ts';
import type { Figures } from './main.ts';
import { seedWaiting } from './seed.ts';
import { median, round } from './statistics.ts';
import { withFolder } from './temporary-folder.ts';

const SMALL = 1000;
const LARGE = 1_000_000;
/** Of each operation in a round. */
const BATCH = 100;
const LEASE = { holder: 'bench', durationMs: 600_000 };

type Operation = 'accept' | 'claim' | 'read';
type Costs = Record<Operation, number[]>;

/** What accepting, claiming and reading cost with 1,000 and with 1,000,000 tasks waiting: CPU of the whole process. */
export function benchBacklog(seconds: number): Promise<Figures> {
  return withFolder((smallFolder) =>
    withFolder(async (largeFolder) => {
      const small = await Subject.open(smallFolder, SMALL);
      const large = await Subject.open(largeFolder, LARGE);
      const until = performance.now() + seconds * 1000;
      for (let round = 0; performance.now() < until; round += 1) {
        // Each goes first every other time.
        const order = round % 2 === 0 ? [small, large] : [large, small];
        for (const subject of order) await subject.round(round === 0);
      }
      await small.close();
      await large.close();
      return figures(small.costs, large.costs);
    }),
  );
}

function figures(small: Costs, large: Costs): Figures {
  const growth = (operation: Operation): number => round(median(large[operation]) / median(small[operation]));
  return {
    acceptGrowth: growth('accept'),
    claimGrowth: growth('claim'),
    readGrowth: growth('read'),
    acceptUsAt1k: round(median(small.accept)),
    acceptUsAt1M: round(median(large.accept)),
    claimUsAt1k: round(median(small.claim)),
    claimUsAt1M: round(median(large.claim)),
    readUsAt1k: round(median(small.read)),
    readUsAt1M: round(median(large.read)),
  };
}

/** Engines with a backlog that stays as long as it is: each round accepts as many as it claims. */
class Subject {
  readonly costs: Costs = { accept: [], claim: [], read: [] };
  readonly #engines: Engines;
  readonly #waiting: readonly string[];
  #consumer: Consumer | undefined;
  #delivered: Delivery[] = [];
  #onDelivery: (() => void) | undefined;

  private constructor(engines: Engines, waiting: readonly string[]) {
    this.#engines = engines;
    this.#waiting = waiting;
  }

  static async open(folder: string, backlog: number): Promise<Subject> {
    const engines = await openEngines(folder);
    const subject = new Subject(engines, await seedWaiting(engines, backlog));
    subject.#consumer = await engines.queue.consume(ADDRESS, { prefetch: BATCH }, (deliveries) => {
      subject.#delivered.push(...deliveries);
      subject.#onDelivery?.();
    });
    return subject;
  }

  /** @param warmUp not to be counted */
  async round(warmUp: boolean): Promise<void> {
    await this.#measure('accept', warmUp, () => this.#accept());
    await this.#measure('claim', warmUp, () => this.#claim());
    await this.#measure('read', warmUp, () => this.#read());
  }

  async close(): Promise<void> {
    await this.#consumer?.close();
    await this.#engines.close();
  }

  async #measure(operation: Operation, warmUp: boolean, work: () => Promise<unknown>): Promise<void> {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (!warmUp) this.costs[operation].push((user + system) / BATCH);
  }

  async #accept(): Promise<void> {
    const { queue, ids } = this.#engines;
    await Promise.all(
      Array.from({ length: BATCH }, () =>
        queue.publish([{ address: ADDRESS, body: encodeMessage(noopMessage(ids)) }]),
      ),
    );
  }

  async #claim(): Promise<void> {
    while (this.#delivered.length < BATCH) {
      await new Promise<void>((resolve) => {
        this.#onDelivery = resolve;
      });
    }
    const deliveries = this.#delivered.splice(0, BATCH);
    const claims = deliveries.map(({ body }) => ({
      message: decodeMessage(body),
      body,
      horizonMs: RETENTION.horizonMs,
    }));
    await this.#engines.database.claim(claims, LEASE);
    await this.#consumer?.ack(deliveries);
  }

  async #read(): Promise<void> {
    const ids = this.#waiting.slice(0, BATCH).flatMap((id) => readTaskId(id) ?? []);
    await this.#engines.database.get(ids);
  }
}
