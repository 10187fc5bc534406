import assert from 'node:assert/strict';
import { SluiceError, type ErrorCode } from '../../core/errors.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Topics } from '../conformance.ts';
import { eventually } from '../eventually.ts';
import { depthOf } from './delivery-cases.ts';
import { ADDRESS, afterAll, numbered, publish, type QueueTester, read } from './queue-tester.ts';

function refusedWith(code: ErrorCode): (error: unknown) => boolean {
  return (error) => SluiceError.is(error, code);
}

async function depthByLane(queue: Queue, figure: 'messages' | 'bytes'): Promise<unknown[]> {
  const { addresses } = await queue.depth();
  return [0, 1].map((lane) => addresses.find(({ address }) => address.lane === lane)?.[figure]);
}

const MAX_MESSAGE = 1000;

export const LIMIT_CASES: Topics<QueueTester> = {
  depth: {
    'counts the messages of each address, those with a consumer included': async (t) => {
      const queue = await t.open();
      const other = { ...ADDRESS, lane: 1 };
      await publish(queue, ['ä', 'b']);
      await publish(queue, ['c'], other);
      const reader = await read(queue);
      await reader.has(2);
      assert.deepEqual(await depthByLane(queue, 'messages'), [2, 1]);
      await reader.consumer.ack(reader.got);
      await eventually('the acknowledged are gone', async () => (await depthOf(queue)) === 1);
    },
    'counts the bytes of each address': async (t) => {
      const queue = await t.open();
      await publish(queue, ['ä', 'b']);
      await publish(queue, ['c'], { ...ADDRESS, lane: 1 });
      assert.deepEqual(await depthByLane(queue, 'bytes'), [3, 1]);
    },
    'is the same after a restart': async (t) => {
      let queue = await t.open();
      await publish(queue, numbered(7));
      const before = (await queue.depth()).addresses;
      queue = await t.reopen('crash');
      assert.deepEqual((await queue.depth()).addresses, before);
    },
  },
  limits: {
    'takes a body of exactly the limit, counted in bytes': async (t) => {
      const queue = await t.open({ maxMessageBytes: MAX_MESSAGE });
      assert.equal(queue.maxMessageBytes, MAX_MESSAGE);
      const exact = 'ä'.repeat(MAX_MESSAGE / 2);
      await publish(queue, [exact]);
      const reader = await read(queue);
      await reader.has(1);
      assert.deepEqual(reader.bodies(), [exact]);
    },
    'refuses a larger body, and stores nothing of that publish': async (t) => {
      const queue = await t.open({ maxMessageBytes: MAX_MESSAGE });
      const larger = `${'ä'.repeat(MAX_MESSAGE / 2)}x`;
      await assert.rejects(publish(queue, ['small', larger]), refusedWith('SLUICE_MESSAGE_TOO_LARGE'));
      const reader = await read(queue);
      await afterAll(queue, reader);
      assert.deepEqual(reader.bodies(), []);
    },
    'refuses what goes beyond its hard limit, stores nothing of it, and says how full it is': async (t) => {
      const queue = await t.open({ maxBytes: 10 * MAX_MESSAGE });
      const body = 'x'.repeat(MAX_MESSAGE);
      let stored = 0;
      await assert.rejects(async () => {
        for (; stored < 100; stored += 1) await publish(queue, [body]);
      }, refusedWith('SLUICE_QUEUE_FULL'));
      assert.ok(stored >= 5 && stored < 100, `${stored} were stored`);
      assert.equal(await depthOf(queue), stored);
      const { fullness } = await queue.depth();
      assert.ok(fullness > 0.5 && fullness <= 1, `fullness is ${fullness}`);
    },
    'takes messages again once there is room': async (t) => {
      const queue = await t.open({ maxBytes: 2 * MAX_MESSAGE });
      const body = 'x'.repeat(MAX_MESSAGE);
      await publish(queue, [body, body]);
      await assert.rejects(publish(queue, [body]), refusedWith('SLUICE_QUEUE_FULL'));
      const reader = await read(queue);
      await reader.has(2);
      await reader.consumer.ack(reader.got);
      await publish(queue, [body]);
      await reader.has(3);
    },
  },
};
