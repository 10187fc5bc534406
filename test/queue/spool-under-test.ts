import { afterEach, expect } from 'vitest';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { SpoolingQueue } from '../../src/queue/spool/spooling-queue.ts';
import { recordingLogger } from '../redis/recording-logger.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';
import { MoodyQueue } from './moody-queue.ts';

const ADDRESS = { queue: 'default', priority: 'normal', lane: 0 } as const;
export const PATIENCE = { timeout: 30_000 };

/** A spool before a queue, both of which can be made to fail. */
export class SpoolUnderTest {
  readonly target: MoodyQueue;
  /** Bodies that the target has taken, in the order of their delivery. */
  readonly got: string[] = [];
  readonly #folders: readonly [target: StoreFolder, disk: StoreFolder];
  readonly #confirmWithinMs: number;
  readonly #logger = recordingLogger();
  readonly #real: Queue[] = [];
  #disk: MoodyQueue;
  #queue: SpoolingQueue | undefined;

  private constructor(
    folders: readonly [target: StoreFolder, disk: StoreFolder],
    queues: readonly [target: EmbeddedQueue, disk: EmbeddedQueue],
    confirmWithinMs: number,
  ) {
    this.#folders = folders;
    this.#real.push(...queues);
    this.target = new MoodyQueue(queues[0]);
    this.#disk = new MoodyQueue(queues[1]);
    this.#confirmWithinMs = confirmWithinMs;
  }

  static async open(confirmWithinMs: number): Promise<SpoolUnderTest> {
    const folders = [
      await StoreFolder.make([EMBEDDED_QUEUE_MODULE]),
      await StoreFolder.make([EMBEDDED_QUEUE_MODULE]),
    ] as const;
    const [target, disk] = [await EmbeddedQueue.open(folders[0]), await EmbeddedQueue.open(folders[1])];
    const spool = new SpoolUnderTest(folders, [target, disk], confirmWithinMs);
    await target.consume(ADDRESS, { prefetch: 10_000 }, (deliveries) => {
      spool.got.push(...deliveries.map(({ body }) => body));
    });
    await spool.#start();
    return spool;
  }

  get queue(): SpoolingQueue {
    return this.#queue ?? expect.fail('it is not open');
  }

  get disk(): MoodyQueue {
    return this.#disk;
  }

  /** Each a publish of its own, in one turn of the event loop. */
  async send(...bodies: readonly string[]): Promise<('disk' | void)[]> {
    return Promise.all(bodies.map(async (body) => this.queue.publish([{ address: ADDRESS, body }])));
  }

  /** Another process takes over what is on the disk at this moment. */
  async crash(): Promise<void> {
    const store = await this.#folders[1].reopen('crash');
    await this.queue.close();
    const disk = await EmbeddedQueue.open({ store });
    this.#real.push(disk);
    this.#disk = new MoodyQueue(disk);
    await this.#start();
  }

  /** Lines of the log of this level. */
  told(level: 'info' | 'warn' | 'error'): string[] {
    return this.#logger.entries.filter((entry) => entry.startsWith(`${level} `));
  }

  async close(): Promise<void> {
    this.#disk.release('is away');
    await this.queue.close();
    for (const real of this.#real) await real.close();
    for (const folder of this.#folders) await folder.remove();
  }

  async #start(): Promise<void> {
    this.#queue = await SpoolingQueue.open({
      target: this.target,
      spool: this.#disk,
      logger: this.#logger,
      confirmWithinMs: this.#confirmWithinMs,
    });
  }
}

/** What makes spools that are closed after each test of the file. */
export function useSpools(): (confirmWithinMs?: number) => Promise<SpoolUnderTest> {
  const spools: SpoolUnderTest[] = [];

  afterEach(async () => {
    for (const spool of spools.splice(0)) await spool.close();
  });

  return async (confirmWithinMs = 50) => {
    const spool = await SpoolUnderTest.open(confirmWithinMs);
    spools.push(spool);
    return spool;
  };
}

export function numbered(count: number, prefix = 'm'): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}
