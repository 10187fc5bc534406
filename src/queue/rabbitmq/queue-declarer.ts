import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { BrokerUrl } from './broker-url.ts';
import { ACCESS_REFUSED, PRECONDITION_FAILED, replyCode, withChannel } from './channel.ts';
import { countReady } from './queue-counts.ts';
import { type ServerVersion, serverVersion } from './server-version.ts';

export type QueueArguments = Readonly<Record<string, string | number>>;

/** At most; a smaller cluster has as many copies as nodes. */
export const COPIES = 3;
const UNLIMITED = -1;

/** Where messages go that RabbitMQ will not deliver again, for a person to look at. */
export function parkingQueue({ prefix }: BrokerUrl): string {
  return `${prefix}.parking`;
}

/** Of every queue. They can not be changed once it is there, so they depend on nothing that may. */
const QUORUM: QueueArguments = {
  'x-queue-type': 'quorum',
  'x-quorum-initial-group-size': COPIES,
  'x-queue-leader-locator': 'balanced',
};

/**
 * Of the queue of an address. From 4.0 on, a queue without a limit of deliveries has one of 20, and -1 is none; before,
 * without is none, and -1 discards a message after its first delivery.
 */
export function queueArguments(broker: BrokerUrl, { major }: Pick<ServerVersion, 'major'>): QueueArguments {
  return {
    ...QUORUM,
    'x-overflow': 'reject-publish',
    // It refuses what comes once it holds more than this.
    'x-max-length': broker.maxMessages - 1,
    'x-max-length-bytes': broker.maxBytes - 1,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': parkingQueue(broker),
    'x-dead-letter-strategy': 'at-least-once',
    ...(major >= 4 && { 'x-delivery-limit': UNLIMITED }),
  };
}

export class QueueDeclarer {
  readonly #broker: BrokerUrl;
  readonly #settleMs: number;
  readonly #logger: Logger;
  #last: Promise<unknown> = Promise.resolve();

  /** @param settleMs how long a queue that has just been made is left alone */
  constructor(broker: BrokerUrl, settleMs: number, logger: Logger) {
    this.#broker = broker;
    this.#settleMs = settleMs;
    this.#logger = logger;
  }

  /**
   * Makes the queue where it is not there yet, and the one that it dead-letters to.
   * @throws SluiceError `SLUICE_QUEUE_UNUSABLE` where it is there with other settings
   */
  async declare(model: ChannelModel, queue: string): Promise<void> {
    // One after the other: RabbitMQ gives queues that are made at the same time to the same leader.
    const declaring = this.#last.then(async () => this.#declare(model, queue));
    this.#last = declaring.catch(() => undefined);
    const made = await declaring;
    // RabbitMQ writes down that there is a queue half a second after it is made (Ra's directory: dets with auto_save).
    // A node that is killed before has lost the queue, and with it what was confirmed.
    if (made) await sleep(this.#settleMs);
  }

  /** True where it was not there. */
  async #declare(model: ChannelModel, queue: string): Promise<boolean> {
    await assertQueue(model, parkingQueue(this.#broker), QUORUM);
    const made = !(await countReady(model, [queue])).has(queue);
    const wanted = queueArguments(this.#broker, serverVersion(model));
    try {
      await assertQueue(model, queue, wanted);
    } catch (thrown) {
      if (!('x-delivery-limit' in wanted) || !messageOf(thrown).includes('x-delivery-limit')) throw thrown;
      await this.#declareLimited(model, queue, wanted);
    }
    return made;
  }

  /** A queue that was made before the server was upgraded to 4.x. */
  async #declareLimited(model: ChannelModel, queue: string, wanted: QueueArguments): Promise<void> {
    const { 'x-delivery-limit': _, ...limited } = wanted;
    await assertQueue(model, queue, limited);
    this.#logger.warn(
      'RabbitMQ parks messages of this queue after 20 deliveries: it is older than RabbitMQ 4',
      {
        queue,
      },
    );
  }
}

async function assertQueue(model: ChannelModel, queue: string, wanted: QueueArguments): Promise<void> {
  try {
    await withChannel(model, async (channel) => {
      await channel.assertQueue(queue, { durable: true, arguments: wanted });
    });
  } catch (thrown) {
    const [, text = ''] = /[A-Z]+_[A-Z]+ - ([^"]*)/.exec(messageOf(thrown)) ?? [];
    const reasons: Record<number, string> = {
      [PRECONDITION_FAILED]: `the queue ${queue} is there with other settings (${text}). They are fixed once it is made: give the same ones, or delete it when it is empty`,
      [ACCESS_REFUSED]: `the user of the URL may not make the queue ${queue} (${text})`,
    };
    const reason = reasons[replyCode(thrown) ?? 0];
    throw reason === undefined
      ? thrown
      : new SluiceError('SLUICE_QUEUE_UNUSABLE', { reason }, { cause: thrown });
  }
}
