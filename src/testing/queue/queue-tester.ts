import assert from 'node:assert/strict';
import { type Address, FIRST_LANE } from '../../core/message.ts';
import type { Consumer, Delivery, Queue } from '../../queue/queue.ts';
import { eventually } from '../eventually.ts';
import type { QueueFactory, QueueLimits, QueueUnderTest } from './queue-under-test.ts';

export const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: FIRST_LANE };

/** A consumer that remembers what it was given. */
export interface Reader {
  readonly consumer: Consumer;
  /** Everything delivered, the same message as often as it came. */
  readonly got: Delivery[];
  bodies(): string[];
  /** Resolves once so many deliveries have come in all. */
  has(count: number): Promise<void>;
}

/** Opens queues for one test, and closes them after it. */
export class QueueTester {
  readonly #factory: QueueFactory;
  readonly #opened: { subject: QueueUnderTest; queue: Queue }[] = [];

  constructor(factory: QueueFactory) {
    this.#factory = factory;
  }

  async open(limits: QueueLimits = {}): Promise<Queue> {
    const subject = await this.#factory(limits);
    this.#opened.push({ subject, queue: subject.queue });
    return subject.queue;
  }

  async reopen(how: 'close' | 'crash'): Promise<Queue> {
    const last = this.#opened.at(-1) ?? assert.fail('nothing to reopen');
    last.queue = await last.subject.reopen(how);
    return last.queue;
  }

  async close(): Promise<void> {
    for (const { subject, queue } of this.#opened) {
      await queue.close();
      await subject.dispose();
    }
  }
}

export async function publish(queue: Queue, bodies: readonly string[], address = ADDRESS): Promise<void> {
  await queue.publish(bodies.map((body) => ({ address, body })));
}

export async function read(queue: Queue, prefetch = 100, address = ADDRESS): Promise<Reader> {
  const got: Delivery[] = [];
  const consumer = await queue.consume(address, { prefetch }, (deliveries) => got.push(...deliveries));
  return {
    consumer,
    got,
    bodies: () => got.map(({ body }) => body),
    has: (count) => eventually(`${count} deliveries have come`, () => got.length >= count),
  };
}

/** Whatever was to come has come: a message published afterwards has been delivered, acknowledged and is taken out. */
export async function afterAll(queue: Queue, reader: Reader, address = ADDRESS): Promise<void> {
  const mark = `the last of all ${Math.random()}`;
  await publish(queue, [mark], address);
  const isMark = ({ body }: Delivery): boolean => body === mark;
  await eventually('the last message has come', () => reader.got.some(isMark));
  const [delivery] = reader.got.splice(reader.got.findIndex(isMark), 1);
  await reader.consumer.ack(delivery ? [delivery] : []);
}

export function numbered(count: number, prefix = 'm'): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}
