import { describe, it } from 'vitest';
import { queueConformance } from '../../src/testing/queue-conformance.ts';
import { useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { rabbitmqFactory, SKIPS } from './rabbitmq-factory.ts';

describe.skipIf(unavailable('rabbitmq-server'))('on one node', () => {
  const engine = useRabbitmq(1);
  queueConformance({ describe, it }, 'rabbitmq', rabbitmqFactory(engine), { skips: SKIPS });
});
