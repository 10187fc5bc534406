import type { Address } from '../../src/core/message.ts';
import type { QueueFactory } from '../../src/testing/queue/queue-under-test.ts';
import type { Engine } from '../engines/engine.ts';
import { RabbitmqSubject } from './rabbitmq-subject.ts';

/** What the suite uses. */
const NORMAL: Address = { queue: 'default', priority: 'normal', lane: 0 };
const OTHERS: readonly Address[] = [
  { ...NORMAL, lane: 1 },
  { ...NORMAL, priority: 'high' },
  { ...NORMAL, queue: 'images' },
];

export const SKIPS = {
  'counts the bytes of each address': 'RabbitMQ does not tell them over AMQP',
};

export function rabbitmqFactory(engine: Engine): QueueFactory {
  return async (limits) => {
    const subject = await RabbitmqSubject.of(engine);
    const open = () => subject.open({ ...limits }, { addresses: [NORMAL] });
    let queue = await open();
    return {
      queue,
      reopen: async (how) => {
        await (how === 'close' ? queue.close() : subject.crash(queue));
        queue = await open();
        return queue;
      },
      dispose: () => subject.dispose(NORMAL, ...OTHERS),
    };
  };
}
