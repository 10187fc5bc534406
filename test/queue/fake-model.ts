import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';

/** A connection to a server of which each queue confirms at once, or nothing, and tells at once of its leader, or late. */
export class FakeModel extends EventEmitter {
  /** Queues that confirm nothing. */
  readonly mute = new Set<string>();
  /** Queues whose leader is not found. */
  readonly leaderless = new Set<string>();
  readonly connection = { stream: { destroy: () => this.#die() } };
  readonly #asked: { readonly queue: string; readonly answer: () => void }[] = [];
  #channel: EventEmitter | undefined;

  get asModel(): ChannelModel {
    return this as unknown as ChannelModel;
  }

  /** The queue has a leader again, who answers. */
  elect(queue: string): void {
    this.leaderless.delete(queue);
    for (const one of this.#asked) if (one.queue === queue) one.answer();
  }

  /** As a server does that objects to a message. */
  endChannel(): void {
    this.#channel?.emit('close');
  }

  async createConfirmChannel(): Promise<EventEmitter> {
    let tag = 0;
    const publish = (_exchange: string, queue: string): void => {
      const deliveryTag = (tag += 1);
      if (!this.mute.has(queue)) queueMicrotask(() => channel.emit('ack', { deliveryTag, multiple: false }));
    };
    const channel = Object.assign(new EventEmitter(), { publish, close: async () => undefined });
    this.#channel = channel;
    return channel;
  }

  async createChannel(): Promise<EventEmitter> {
    const checkQueue = async (queue: string): Promise<object> => {
      if (this.leaderless.has(queue)) {
        await new Promise<void>((resolve) => this.#asked.push({ queue, answer: resolve }));
      }
      return { messageCount: 1, consumerCount: 0 };
    };
    return Object.assign(new EventEmitter(), { checkQueue, close: async () => undefined });
  }

  #die(): void {
    this.endChannel();
    this.emit('close');
  }
}
