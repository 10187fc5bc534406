import { type ChannelModel, connect } from 'amqplib';
import { silentLogger } from '../../src/core/logger.ts';
import { type Address, addressName } from '../../src/core/message.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { openRabbitmqQueue, type RabbitmqQueueOptions } from '../../src/queue/rabbitmq/rabbitmq-queue.ts';
import type { Engine } from '../engines/engine.ts';
import { CutLine } from './cut-line.ts';

let count = 0;

/** Queues of RabbitMQ under a prefix of their own, reached over lines that can be cut. */
export class RabbitmqSubject {
  readonly prefix: string;
  readonly lines: readonly CutLine[];
  readonly #ports: readonly number[];
  readonly #opened: Queue[] = [];

  private constructor(prefix: string, ports: readonly number[], lines: readonly CutLine[]) {
    this.prefix = prefix;
    this.#ports = ports;
    this.lines = lines;
  }

  /** @param prefix of another, to share its queues over lines of its own */
  static async of(engine: Engine, prefix = `test-${(count += 1)}`): Promise<RabbitmqSubject> {
    const ports = engine.processes.slice(1).map(({ member }) => member.port);
    const lines = await Promise.all(ports.map(async (port) => CutLine.to(port)));
    return new RabbitmqSubject(prefix, ports, lines);
  }

  /** @param parameters added to the URL */
  async open(
    parameters: Readonly<Record<string, string | number>> = {},
    options: Partial<RabbitmqQueueOptions> = {},
  ): Promise<Queue> {
    const queue = await openRabbitmqQueue({
      url: this.url(parameters),
      random: systemRandom,
      logger: silentLogger,
      settleMs: 0,
      ...options,
    });
    this.#opened.push(queue);
    return queue;
  }

  url(parameters: Readonly<Record<string, string | number>> = {}): string {
    const query = Object.entries({ prefix: this.prefix, ...parameters }).map(
      ([key, value]) => `${key}=${value}`,
    );
    const hosts = this.lines.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return `amqp://guest:guest@${hosts}/?${query.join('&')}`;
  }

  /** Name in RabbitMQ. */
  queueOf(address: Address): string {
    return `${this.prefix}.${addressName(address)}`;
  }

  /** As the death of the process would: what is on its way is lost, and nothing follows. */
  async crash(queue: Queue): Promise<void> {
    for (const line of this.lines) line.cut();
    await queue.close();
    for (const line of this.lines) line.mend();
  }

  /** A connection past the driver, straight to a node. */
  async bare<T>(work: (model: ChannelModel) => Promise<T>, node = 0): Promise<T> {
    const model = await connect({ hostname: '127.0.0.1', port: this.#ports[node] ?? 0 });
    model.on('error', () => undefined);
    try {
      return await work(model);
    } finally {
      await model.close().catch(() => undefined);
    }
  }

  async dispose(...addresses: Address[]): Promise<void> {
    for (const line of this.lines) line.mend();
    await Promise.all(this.#opened.map(async (queue) => queue.close()));
    await this.bare(async (model) => {
      const channel = await model.createChannel();
      const names = [...addresses.map((address) => this.queueOf(address)), `${this.prefix}.parking`];
      for (const name of names) await channel.deleteQueue(name);
    });
    this.hangUp();
  }

  hangUp(): void {
    for (const line of this.lines) line.close();
  }
}
