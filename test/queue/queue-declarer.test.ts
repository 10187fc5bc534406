import { describe, expect, it } from 'vitest';
import { parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { queueArguments } from '../../src/queue/rabbitmq/queue-declarer.ts';

const BROKER = parseBrokerUrl('amqp://a?prefix=shop&maxMessages=100&maxBytes=5000');

describe('the settings of a queue', () => {
  it('are those of a replicated queue that refuses when it is full and parks what is given up', () => {
    expect(queueArguments(BROKER, { major: 3 })).toEqual({
      'x-queue-type': 'quorum',
      'x-quorum-initial-group-size': 3,
      'x-queue-leader-locator': 'balanced',
      'x-overflow': 'reject-publish',
      'x-max-length': 99,
      'x-max-length-bytes': 4999,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'shop.parking',
      'x-dead-letter-strategy': 'at-least-once',
    });
  });

  it('switch the delivery limit off as the version needs it', () => {
    expect(queueArguments(BROKER, { major: 3 })).not.toHaveProperty('x-delivery-limit');
    expect(queueArguments(BROKER, { major: 4 })).toHaveProperty('x-delivery-limit', -1);
  });
});
