import type { ChannelModel } from 'amqplib';
import { SluiceError } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import type { Logger } from '../../core/logger.ts';
import { type Address, addressName } from '../../core/message.ts';
import type { Random } from '../../core/random.ts';
import type { ConsumeOptions, Consumer, Delivery, Outgoing, Queue, QueueDepth } from '../queue.ts';
import { AddressBook, type KnownAddress, noteSize } from './address-book.ts';
import { type BrokerUrl, parseBrokerUrl } from './broker-url.ts';
import { connector } from './connection.ts';
import { durabilityOf } from './durability.ts';
import { FullQueues } from './full-queues.ts';
import { Link } from './link.ts';
import { NodeRota, shuffled } from './node-rota.ts';
import type { PublishCall } from './publish-call.ts';
import { Publisher } from './publisher.ts';
import { countReady } from './queue-counts.ts';
import { parkingQueue, QueueDeclarer } from './queue-declarer.ts';
import { rejectUnavailable, unavailable, unconfirmed } from './queue-fault.ts';
import { RabbitmqConsumer } from './rabbitmq-consumer.ts';
import { type ServerVersion, serverVersion } from './server-version.ts';

export interface RabbitmqQueueOptions {
  /** See `parseBrokerUrl`. */
  readonly url: string;
  /** Their queues are made at once; those of others on their first use. */
  readonly addresses?: readonly Address[];
  readonly random: Random;
  readonly logger: Logger;
  /** A publish that is not confirmed after this time is rejected. Default 10 s. */
  readonly publishWithinMs?: number;
  /** How long `openRabbitmqQueue` waits for a node before it goes on without one. Default 5 s. */
  readonly connectWithinMs?: number;
  /** How long a queue that was not there is left alone once it is made, to be safe on the disk. Default 2 s. */
  readonly settleMs?: number;
}

const PUBLISH_WITHIN_MS = 10_000;
const CONNECT_WITHIN_MS = 5000;
const SETTLE_MS = 2000;
/** For what is only asked. */
const ANSWER_WITHIN_MS = 5000;
/** So many nodes take publishes at a time: the death of one then costs no reconnect. */
const PUBLISHING_NODES = 2;

/**
 * Connects to a cluster of RabbitMQ and makes the queues. Where no node is reached in time, that is done in the background,
 * as soon as one is there; until then every publish is rejected.
 * @throws SluiceError for what a person has to mend, where a node says so in time: `SLUICE_OPTION_INVALID` for the URL,
 *   `SLUICE_QUEUE_UNUSABLE` where the server refuses this client or has queues with other settings
 */
export async function openRabbitmqQueue(options: RabbitmqQueueOptions): Promise<Queue> {
  const queue = new RabbitmqQueue(options);
  try {
    await queue.open();
    return queue;
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/** Tasks in quorum queues, one of each address. */
class RabbitmqQueue implements Queue {
  readonly maxMessageBytes: number;
  readonly #options: RabbitmqQueueOptions;
  readonly #broker: BrokerUrl;
  readonly #declarer: QueueDeclarer;
  readonly #book: AddressBook;
  readonly #publisher: Publisher;
  readonly #publishing: readonly Link[];
  /** For everything but publishing, so that a block of publishers holds up nothing else. */
  readonly #link: Link;
  readonly #consumers = new Set<RabbitmqConsumer>();
  /** What a person has to mend, as far as that was told. */
  readonly #told = new Set<string>();
  #version: ServerVersion | undefined;
  /** Opened without a node. */
  #late = false;

  constructor(options: RabbitmqQueueOptions) {
    const { url, random, logger } = options;
    const broker = parseBrokerUrl(url);
    this.#options = options;
    this.#broker = broker;
    this.maxMessageBytes = broker.maxMessageBytes;
    this.#declarer = new QueueDeclarer(broker, options.settleMs ?? SETTLE_MS, logger);
    this.#book = new AddressBook(broker.prefix, (queue) => this.#declare(queue));
    const full = new FullQueues((queue) => this.#countReady(queue));
    this.#publisher = new Publisher({
      deadlineMs: options.publishWithinMs ?? PUBLISH_WITHIN_MS,
      random,
      isFull: (refusal) => full.isFull(refusal),
      isDeclared: (queue) => this.#book.known(queue) !== undefined,
      redeclare: (queue) => this.#declare(queue),
      failure: () => this.#failure,
      logger,
    });
    const nodes = shuffled(broker.nodes, random);
    const shared = { connect: connector(broker), random, logger };
    const rota = new NodeRota(nodes);
    this.#publishing = nodes
      .slice(0, PUBLISHING_NODES)
      .map(
        () =>
          new Link({ ...shared, rota, purpose: 'publisher', prepare: (model) => this.#publisher.use(model) }),
      );
    // First to a node that no publisher is at.
    const others = new NodeRota([...nodes.slice(PUBLISHING_NODES), ...nodes.slice(0, PUBLISHING_NODES)]);
    this.#link = new Link({
      ...shared,
      rota: others,
      purpose: 'consumer',
      prepare: async (model) => this.#reached(model),
    });
  }

  /** @throws SluiceError `SLUICE_QUEUE_UNUSABLE` */
  async open(): Promise<void> {
    const { connectWithinMs = CONNECT_WITHIN_MS, logger } = this.#options;
    this.#link.start();
    try {
      await this.#link.connected(connectWithinMs);
      await this.#makeQueues();
      await Promise.any(this.#publishing.map(async (link) => link.connected(connectWithinMs))).catch(
        ({ errors: [first] }: AggregateError) => Promise.reject(first),
      );
    } catch (thrown) {
      const error = unavailable(thrown);
      if (error.code !== 'SLUICE_QUEUE_UNAVAILABLE') throw error;
      this.#late = true;
      logger.warn('starting without the queue, which is used as soon as it is there', error.data);
      return;
    }
    this.#tellConnected();
  }

  publish(messages: readonly Outgoing[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    const bodies = messages.map(({ body }) => Buffer.from(body));
    const largest = Math.max(...bodies.map(({ length }) => length));
    if (largest > this.maxMessageBytes) {
      const data = { bytes: largest, limit: this.maxMessageBytes };
      return Promise.reject(new SluiceError('SLUICE_MESSAGE_TOO_LARGE', data));
    }
    const queues = messages.map(({ address }) => this.#book.queueOf(address));
    const call = this.#publisher.begin(queues);
    if (!call.open) return call.done;
    const known = queues.map((queue) => this.#book.known(queue));
    if (known.every((one) => one !== undefined)) this.#send(call, known, bodies);
    else void this.#openAndSend(call, messages, bodies);
    return call.done;
  }

  async consume(
    address: Address,
    { prefetch }: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer> {
    const { random, logger } = this.#options;
    const { queue } = await this.#book.open(address).catch(rejectUnavailable);
    const consumer = await RabbitmqConsumer.open({
      address,
      queue,
      prefetch,
      onBatch,
      link: this.#link,
      redeclare: (name, signal) => this.#declare(name, signal),
      random,
      logger,
      onClosed: () => this.#consumers.delete(consumer),
    }).catch(rejectUnavailable);
    this.#consumers.add(consumer);
    return consumer;
  }

  /** Of the addresses that this process has used. */
  async depth(): Promise<QueueDepth> {
    const known = this.#book.all;
    const model = await this.#link.connected(ANSWER_WITHIN_MS);
    const parking = parkingQueue(this.#broker);
    const queues = [...known.map(({ queue }) => queue), parking];
    const counts = await countReady(model, queues).catch(rejectUnavailable);
    const ready = known.map((one) => ({ ...one, messages: counts.get(one.queue) ?? 0 }));
    return {
      addresses: ready.map(({ address, messages }) => ({
        address,
        messages: messages + this.#unacknowledged(address),
      })),
      fullness: Math.min(1, Math.max(0, ...ready.map((one) => this.#fullness(one)))),
      parked: counts.get(parking) ?? 0,
    };
  }

  async health(): Promise<Health> {
    const ok = this.#publisher.works;
    const { isOneCluster } = this.#publisher;
    const promise = durabilityOf(this.#broker, this.#version);
    const durability = isOneCluster ? promise : `${promise}; but they are not one cluster`;
    // A server that nobody has spoken to promises nothing.
    const durable = this.#version !== undefined && isOneCluster;
    return ok ? { ok, durable, durability } : { ok, durable, durability, reason: this.#publisher.failure };
  }

  async close(): Promise<void> {
    await this.#publisher.drained();
    await Promise.all([...this.#consumers].map(async (consumer) => consumer.close()));
    await Promise.all([this.#link, ...this.#publishing].map(async (link) => link.close()));
  }

  async #openAndSend(
    call: PublishCall,
    messages: readonly Outgoing[],
    bodies: readonly Buffer[],
  ): Promise<void> {
    const known = await Promise.all(messages.map(async ({ address }) => this.#openFor(call, address)));
    if (known.every((one) => one !== undefined)) this.#send(call, known, bodies);
  }

  /** Rejects the call where the queue of the address can not be made. */
  async #openFor(call: PublishCall, address: Address): Promise<KnownAddress | undefined> {
    try {
      return await this.#book.open(address);
    } catch (thrown) {
      this.#tellUnusable(thrown);
      this.#publisher.refuse(call, this.#book.queueOf(address), unconfirmed(thrown));
      return undefined;
    }
  }

  #send(call: PublishCall, known: readonly KnownAddress[], bodies: readonly Buffer[]): void {
    for (const [at, body] of bodies.entries()) {
      const one = known[at];
      if (!one) continue;
      noteSize(one, body.length);
      this.#publisher.send(call, one.queue, body);
    }
  }

  /** A node has answered. */
  #reached(model: ChannelModel): void {
    this.#version = serverVersion(model);
    for (const link of this.#publishing) link.start();
    if (!this.#late) return;
    this.#late = false;
    // It waits until the link is up, which it is not before this returns.
    this.#makeQueues().then(
      () => this.#tellConnected(),
      // Each is made on its first use then.
      (error: unknown) => this.#tellUnusable(error),
    );
  }

  async #makeQueues(): Promise<void> {
    const { addresses = [] } = this.#options;
    await Promise.all(addresses.map(async (address) => this.#book.open(address)));
  }

  #tellConnected(): void {
    const durability = durabilityOf(this.#broker, this.#version);
    this.#options.logger.info('connected to the queue', { durability });
  }

  #tellUnusable(thrown: unknown): void {
    if (!SluiceError.is(thrown, 'SLUICE_QUEUE_UNUSABLE') || this.#told.has(thrown.message)) return;
    this.#told.add(thrown.message);
    this.#options.logger.error('the queue can not be used', thrown.data);
  }

  /** Why nothing can be published. */
  get #failure(): string {
    const failures = [this.#link, ...this.#publishing].flatMap(({ failure }) => failure ?? []);
    return [...new Set(failures)].join('; ') || 'no node of RabbitMQ has answered yet';
  }

  /** @param signal ends the wait for a connection */
  async #declare(queue: string, signal?: AbortSignal): Promise<void> {
    const model = await this.#link.connected(this.#options.publishWithinMs ?? PUBLISH_WITHIN_MS, signal);
    await this.#declarer.declare(model, queue);
  }

  async #countReady(queue: string): Promise<number> {
    const model: ChannelModel = await this.#link.connected(ANSWER_WITHIN_MS);
    return (await countReady(model, [queue])).get(queue) ?? 0;
  }

  /** The share of the limit that is nearer. Bytes are what the messages would be with the size of the latest ones here. */
  #fullness({ messages, averageBytes }: KnownAddress & { readonly messages: number }): number {
    const { maxMessages, maxBytes } = this.#broker;
    return Math.max(messages / maxMessages, (messages * averageBytes) / maxBytes);
  }

  #unacknowledged(address: Address): number {
    const name = addressName(address);
    return [...this.#consumers]
      .filter((consumer) => addressName(consumer.address) === name)
      .reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
  }
}
