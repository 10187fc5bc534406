import type { Queue } from '../../queue/queue.ts';

/** A fresh queue, alone with its storage. */
export interface QueueUnderTest {
  readonly queue: Queue;
  /** Closes the queue, or lets it die as a killed process would, and opens the same storage again. */
  readonly reopen: (how: 'close' | 'crash') => Promise<Queue>;
  dispose(): Promise<void>;
}

export interface QueueLimits {
  /** Hard limit over all messages, in bytes of bodies; about this is near enough. */
  readonly maxBytes?: number;
  readonly maxMessageBytes?: number;
}

export type QueueFactory = (limits: QueueLimits) => Promise<QueueUnderTest>;
