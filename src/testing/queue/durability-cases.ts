import assert from 'node:assert/strict';
import type { Topics } from '../conformance.ts';
import { afterAll, numbered, publish, type QueueTester, read } from './queue-tester.ts';

export const DURABILITY_CASES: Topics<QueueTester> = {
  durability: {
    'hands over after a restart, and after a crash, what was not acknowledged before': async (t) => {
      let queue = await t.open();
      const bodies = numbered(50);
      await publish(queue, bodies);
      for (const how of ['close', 'crash'] as const) {
        const reader = await read(queue, 100);
        await reader.has(bodies.length);
        assert.deepEqual(reader.bodies(), bodies);
        await reader.consumer.ack(reader.got.filter(({ body }) => body === bodies[0]));
        bodies.shift();
        queue = await t.reopen(how);
      }
      const reader = await read(queue);
      await afterAll(queue, reader);
      assert.deepEqual(reader.bodies(), bodies);
    },
    'has everything that was confirmed before a crash, and publishes on behind it': async (t) => {
      let queue = await t.open();
      const confirmed: string[] = [];
      await Promise.all(
        numbered(40).map(async (body) => {
          await publish(queue, [body]);
          confirmed.push(body);
        }),
      );
      queue = await t.reopen('crash');
      await publish(queue, ['afterwards']);
      const reader = await read(queue);
      await reader.has(confirmed.length + 1);
      assert.deepEqual(reader.bodies(), [...confirmed, 'afterwards']);
    },
    'has what was confirmed while it was being closed': async (t) => {
      let queue = await t.open();
      const confirmed: string[] = [];
      const publishing = numbered(20).map(async (body) => {
        await publish(queue, [body]);
        confirmed.push(body);
      });
      await queue.close();
      await Promise.allSettled(publishing);
      queue = await t.reopen('close');
      const reader = await read(queue);
      await reader.has(confirmed.length);
      for (const body of confirmed) assert.ok(reader.bodies().includes(body), `${body} is there`);
    },
    'says what its engine promises': async (t) => {
      const health = await (await t.open()).health();
      assert.equal(health.ok, true);
      assert.ok(health.durability.length > 0 && typeof health.durable === 'boolean');
    },
  },
};
