import { beforeEach, describe, expect, it } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import type { Outgoing } from '../../../src/queue/queue.ts';
import { Announcer } from '../../../src/worker/settle/announcer.ts';
import { body, record } from '../../scheduler/fakes.ts';

const PARENT = record({ state: 'succeeded' });

describe('tasks that a task enqueued', () => {
  let published: Outgoing[];
  let forgotten: string[];
  let warned: string[];
  let announcer: Announcer;

  beforeEach(() => {
    published = [];
    forgotten = [];
    warned = [];
    announcer = new Announcer({
      queue: {
        publish: async (messages) => {
          if (messages.some(({ address }) => address.queue === 'broken')) {
            throw new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: 'it is broken' });
          }
          published.push(...messages);
        },
      },
      database: { followUpsPublished: async (ids) => void forgotten.push(...ids) },
      cache: { set: async () => undefined },
      signals: { publish: () => undefined },
      logger: { ...silentLogger, warn: (message) => void warned.push(message) },
      metrics: { followUps: () => undefined },
      bodiesMs: 1000,
      onScheduled: () => undefined,
    });
  });

  async function settle(...followUps: string[]): Promise<void> {
    announcer.settled(PARENT, { kind: 'succeeded', result: '{}', followUps });
    await announcer.idle();
  }

  it('are published, and forgotten', async () => {
    await settle(body(), body({ queue: 'images', lane: 3 }), body());
    const addresses = published.map(({ address }) => `${address.queue} ${address.lane}`);
    expect(addresses).toEqual(['default 0', 'default 0', 'images 3']);
    expect([forgotten, warned]).toEqual([[PARENT.id], []]);
  });

  it('are published where they can be, and all kept until the others can be too', async () => {
    await settle(body({ queue: 'broken' }), body(), body({ queue: 'images' }));
    expect(published.map(({ address }) => address.queue)).toEqual(['default', 'images']);
    expect(forgotten).toEqual([]);
    expect(warned).toEqual(['tasks that a task enqueued wait to be published']);
  });
});
