import { byAddress } from '../core/by-address.ts';
import { messageOf, SluiceError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { type Address, decodeMessage, encodeMessage, type Message } from '../core/message.ts';
import { readTaskId } from '../core/task-id.ts';
import type { Clock } from '../core/clock.ts';
import type { Database } from '../database/database.ts';
import type { Queue } from '../queue/queue.ts';

export interface RepublisherOptions {
  readonly queue: Pick<Queue, 'publish'>;
  readonly database: Pick<Database, 'reject'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A message that the database has kept. */
export interface Kept {
  /** The task that it is of, or that has left it. */
  readonly id: string;
  readonly body: string;
  /** The run to ask for, where that is not the one that the message names. */
  readonly run?: number;
}

/** What became of messages that were kept. */
export interface Republished {
  /** The tasks with a message that may not be in the queue. */
  readonly left: ReadonlySet<string>;
  /** How many messages the other tasks had. */
  readonly published: number;
  /** Why something is left. */
  readonly failure?: unknown;
}

interface Decoded {
  /** Of the task that the message is kept under. */
  readonly id: string;
  readonly address: Address;
  readonly message: Message;
}

/** Puts messages that the database has kept back into the queue, each with the time of this publish. */
export class Republisher {
  readonly #options: RepublisherOptions;

  constructor(options: RepublisherOptions) {
    this.#options = options;
  }

  /**
   * Resolves when each message is confirmed by the queue, or is left, or can not be read or is too large for it and its
   * task has failed. The messages of an address are confirmed or left together: one that can not be published to must
   * not hold up the others.
   */
  async publish(kept: readonly Kept[]): Promise<Republished> {
    const decoded: Decoded[] = [];
    for (const { id, body, run } of kept) {
      const message = await this.#decode(id, body);
      if (!message) continue;
      decoded.push({ id, address: message, message: { ...message, run: run ?? message.run } });
    }
    const groups = byAddress(decoded);
    const outcomes = await Promise.allSettled(
      groups.map(async (group) => this.#publish(group.map(({ message }) => message))),
    );
    const left = new Set<string>();
    for (const [at, group] of groups.entries()) {
      if (outcomes[at]?.status === 'rejected') for (const { id } of group) left.add(id);
    }
    const published = decoded.filter(({ id }) => !left.has(id)).length;
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    return { left, published, failure: failed?.reason };
  }

  async #decode(id: string, body: string): Promise<Message | undefined> {
    try {
      return decodeMessage(body);
    } catch (error) {
      await this.#reject({ id, tenant: '', task: '' }, error);
      return undefined;
    }
  }

  async #publish(messages: readonly Message[]): Promise<void> {
    try {
      await this.#options.queue.publish(messages.map((message) => this.#outgoing(message)));
    } catch (error) {
      if (!SluiceError.is(error, 'SLUICE_MESSAGE_TOO_LARGE')) throw error;
      await this.#divide(messages, error);
    }
  }

  /** Finds the message that is too large, so that the others do not wait for it. */
  async #divide(messages: readonly Message[], error: SluiceError): Promise<void> {
    const [only] = messages;
    if (messages.length === 1 && only) return this.#reject(only, error);
    const middle = Math.ceil(messages.length / 2);
    await this.#publish(messages.slice(0, middle));
    await this.#publish(messages.slice(middle));
  }

  #outgoing(message: Message): { address: Message; body: string } {
    return { address: message, body: encodeMessage({ ...message, publishedAt: this.#options.clock.now() }) };
  }

  async #reject(
    { id, tenant, task }: Pick<Message, 'id' | 'tenant' | 'task'>,
    cause: unknown,
  ): Promise<void> {
    const reason = messageOf(cause);
    this.#options.logger.error('a task can not be put back into the queue', { taskId: id, reason });
    const taskId = readTaskId(id);
    if (!taskId) return;
    const { code, message } = new SluiceError('SLUICE_MESSAGE_INVALID', { reason });
    await this.#options.database.reject([{ id: taskId, tenant, task, error: { code, message } }]);
  }
}
