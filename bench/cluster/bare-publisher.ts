import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { type BrokerUrl, parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { queueArguments } from '../../src/queue/rabbitmq/queue-declarer.ts';
import { serverVersion } from '../../src/queue/rabbitmq/server-version.ts';
import { withErrorListener } from '../error-listener.ts';

/**
 * What the queue itself can take: the library of the driver, with nothing around it. It sends to every node in turn: what
 * is sent to the node of the queue's leader costs a third less, and which one that is must not decide the figures.
 */
export class BarePublisher {
  readonly #queue: string;
  readonly #models: readonly ChannelModel[];
  readonly #channels: readonly ConfirmChannel[];
  #turn = 0;

  private constructor(queue: string, models: readonly ChannelModel[], channels: readonly ConfirmChannel[]) {
    this.#queue = queue;
    this.#models = models;
    this.#channels = channels;
  }

  /** Publishes to `queue`, which is made, as the driver makes it, where it is not there. */
  static async open(url: string, queue: string): Promise<BarePublisher> {
    const broker = parseBrokerUrl(url);
    const models = await connectToAll(broker);
    const channels = await Promise.all(
      models.map(async (model) => withErrorListener(await model.createConfirmChannel())),
    );
    const [model] = models;
    if (model) {
      const wanted = queueArguments(broker, serverVersion(model));
      await channels[0]?.assertQueue(queue, { durable: true, arguments: wanted });
    }
    return new BarePublisher(queue, models, channels);
  }

  /** Resolves when the queue has confirmed it. */
  publish(body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#next().publish('', this.#queue, body, { persistent: true }, (error: unknown) =>
        error ? reject(new Error('the queue refused a message', { cause: error })) : resolve(),
      );
    });
  }

  /** Takes the body of the first message of the queue. */
  async take(): Promise<Buffer> {
    const message = await this.#next().get(this.#queue, { noAck: true });
    if (!message) throw new Error(`${this.#queue} is empty`);
    return message.content;
  }

  async purge(): Promise<void> {
    await this.#next().purgeQueue(this.#queue);
  }

  async close(): Promise<void> {
    await Promise.all(this.#models.map((model) => model.close()));
  }

  #next(): ConfirmChannel {
    const channel = this.#channels[this.#turn++ % this.#channels.length];
    if (!channel) throw new Error('there is no connection');
    return channel;
  }
}

/** A connection to each node. */
export function connectToAll({ nodes, user, password }: BrokerUrl): Promise<ChannelModel[]> {
  return Promise.all(
    nodes.map(async ({ host, port }) => {
      const server = { hostname: host, port, username: user, password };
      return withErrorListener(await connect(server, { noDelay: true }));
    }),
  );
}
