import type { Address } from '../core/message.ts';
import type { Health } from '../core/health.ts';

/** A message on its way into the queue. The queue does not look into the body. */
export interface Outgoing {
  readonly address: Address;
  readonly body: string;
}

/** One hand-over of a message by the queue. The same message may be delivered more than once. */
export interface Delivery {
  readonly address: Address;
  readonly body: string;
}

export interface ConsumeOptions {
  /** How many deliveries may be unacknowledged at a time. */
  readonly prefetch: number;
}

/** Messages of one address on their way to one consumer. */
export interface Consumer {
  /** False while no messages can come: it is cut off from the queue, or closed. */
  readonly open: boolean;
  /**
   * Forgets the deliveries for good. Resolves when the queue has taken note; until then, and for ever if it rejects,
   * they may be delivered again.
   * @throws SluiceError `SLUICE_QUEUE_UNAVAILABLE`
   */
  ack(deliveries: readonly Delivery[]): Promise<void>;
  /** Makes the deliveries available again, to this consumer or another. */
  giveBack(deliveries: readonly Delivery[]): void;
  /** Stops the flow. What is unacknowledged becomes available to others. */
  close(): Promise<void>;
}

export interface Depth {
  readonly address: Address;
  /** Messages in the queue; of those delivered and unacknowledged, at least the ones that this process holds. */
  readonly messages: number;
  /** Left out where the engine does not tell. */
  readonly bytes?: number;
}

export interface QueueDepth {
  readonly addresses: readonly Depth[];
  /** How full the fullest part of the queue is: 1 is its hard limit, where `publish` rejects. */
  readonly fullness: number;
  /** Messages that the engine has set aside and delivers to nobody any more; left out where it never does that. */
  readonly parked?: number;
}

/**
 * A durable message queue. No delays, no de-duplication, no leases, no ages and no pause are asked of it, so any good
 * engine can carry it. Within one address messages are delivered roughly in the order they were published.
 */
export interface Queue {
  /** Largest body taken, in bytes of UTF-8. */
  readonly maxMessageBytes: number;
  /**
   * Resolves only when every message is as durable as `health()` says; with `disk` where it is that on the disk of this
   * process alone, until the queue can be reached. A rejection leaves the outcome of each unknown.
   * @throws SluiceError `SLUICE_QUEUE_UNAVAILABLE`, `SLUICE_QUEUE_FULL` or `SLUICE_MESSAGE_TOO_LARGE`; after the last
   *   two nothing was stored
   */
  publish(messages: readonly Outgoing[]): Promise<'disk' | void>;
  /** Delivers the messages of `address` to `onBatch`, as they come, up to `prefetch` unacknowledged ones. */
  consume(
    address: Address,
    options: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer>;
  depth(): Promise<QueueDepth>;
  health(): Promise<Health>;
  /** Resolves when what was under way is finished. Nothing may be called afterwards. */
  close(): Promise<void>;
}
