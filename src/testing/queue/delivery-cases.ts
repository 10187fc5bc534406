import assert from 'node:assert/strict';
import type { Topics } from '../conformance.ts';
import { eventually } from '../eventually.ts';
import { ADDRESS, afterAll, numbered, publish, type QueueTester, read } from './queue-tester.ts';

export const DELIVERY_CASES: Topics<QueueTester> = {
  delivery: {
    'hands over what was published, unchanged, with its address': async (t) => {
      const queue = await t.open();
      const bodies = ['{"v":1}\n{"text":"ä 😀 \\u0000"}', '', 'x'.repeat(100_000), ' \r\n\t'];
      await publish(queue, bodies);
      const reader = await read(queue);
      await reader.has(bodies.length);
      assert.deepEqual(reader.bodies(), bodies);
      assert.deepEqual(reader.got[0]?.address, ADDRESS);
    },
    'hands over in the order of publishing': async (t) => {
      const queue = await t.open();
      const bodies = numbered(300);
      for (let at = 0; at < bodies.length; at += 100) await publish(queue, bodies.slice(at, at + 100));
      const reader = await read(queue, 1000);
      await reader.has(bodies.length);
      assert.deepEqual(reader.bodies(), bodies);
    },
    'hands over what is published while a consumer waits': async (t) => {
      const queue = await t.open();
      const reader = await read(queue);
      for (const body of numbered(5)) {
        await publish(queue, [body]);
        await eventually('it has come', () => reader.bodies().includes(body));
      }
    },
    'keeps addresses apart: queues, priorities and lanes': async (t) => {
      const queue = await t.open();
      const addresses = [
        ADDRESS,
        { ...ADDRESS, lane: 1 },
        { ...ADDRESS, priority: 'high' },
        { ...ADDRESS, queue: 'images' },
      ] as const;
      for (const [at, address] of addresses.entries()) await publish(queue, [`to ${at}`], address);
      for (const [at, address] of addresses.entries()) {
        const reader = await read(queue, 10, address);
        await afterAll(queue, reader, address);
        assert.deepEqual(reader.bodies(), [`to ${at}`]);
      }
    },
    'takes messages of several addresses, and none, in one publish': async (t) => {
      const queue = await t.open();
      const other = { ...ADDRESS, lane: 1 };
      await queue.publish([]);
      await queue.publish([
        { address: ADDRESS, body: 'a' },
        { address: other, body: 'b' },
      ]);
      const readers = [await read(queue), await read(queue, 10, other)];
      for (const reader of readers) await reader.has(1);
      assert.deepEqual(
        readers.map((reader) => reader.bodies()),
        [['a'], ['b']],
      );
    },
    'gives each message to one of several consumers': async (t) => {
      const queue = await t.open();
      const readers = [await read(queue, 5), await read(queue, 5), await read(queue, 5)];
      const bodies = numbered(60);
      await publish(queue, bodies);
      const all = (): string[] => readers.flatMap((reader) => reader.bodies());
      await eventually('all have come', async () => {
        for (const { consumer, got } of readers) await consumer.ack(got);
        return all().length >= bodies.length;
      });
      assert.deepEqual(all().toSorted(byText), bodies.toSorted(byText));
    },
  },
  acknowledgement: {
    'leaves no more than the prefetch unacknowledged, and goes on as they are acknowledged': async (t) => {
      const queue = await t.open();
      await publish(queue, numbered(10));
      const reader = await read(queue, 4);
      const other = { ...ADDRESS, lane: 1 };
      await reader.has(4);
      await afterAll(queue, await read(queue, 1, other), other);
      assert.equal(reader.got.length, 4);
      await reader.consumer.ack(reader.got.slice(0, 3));
      await reader.has(7);
      assert.deepEqual(reader.bodies(), numbered(7));
      await reader.consumer.ack(reader.got.slice(3, 7));
      await reader.has(10);
    },
    'forgets what is acknowledged': async (t) => {
      const queue = await t.open();
      await publish(queue, numbered(3));
      const first = await read(queue);
      await first.has(3);
      await first.consumer.ack(first.got);
      await first.consumer.close();
      const second = await read(queue);
      await afterAll(queue, second);
      assert.deepEqual(second.bodies(), []);
    },
    'takes the same acknowledgement twice, and an empty one': async (t) => {
      const queue = await t.open();
      await publish(queue, numbered(2));
      const reader = await read(queue);
      await reader.has(2);
      const [first] = reader.got;
      assert.ok(first);
      await reader.consumer.ack([]);
      await reader.consumer.ack([first]);
      await reader.consumer.ack([first]);
      await eventually('one is left', async () => (await depthOf(queue)) === 1);
    },
    'hands over again what is given back': async (t) => {
      const queue = await t.open();
      await publish(queue, numbered(3));
      const reader = await read(queue);
      await reader.has(3);
      const [first, second] = reader.got;
      assert.ok(first && second);
      reader.consumer.giveBack([second]);
      await reader.has(4);
      assert.equal(reader.got[3]?.body, second.body);
      await reader.consumer.ack([first, ...reader.got.slice(2)]);
      await eventually('the queue is empty', async () => (await depthOf(queue)) === 0);
    },
    'gives what a closed consumer held to another, and nothing more to it': async (t) => {
      const queue = await t.open();
      await publish(queue, numbered(3));
      const closed = await read(queue);
      await closed.has(3);
      await closed.consumer.ack(closed.got.slice(0, 1));
      await closed.consumer.close();
      await closed.consumer.close();
      const other = await read(queue);
      await other.has(2);
      await afterAll(queue, other);
      assert.deepEqual(other.bodies().toSorted(byText), ['m1', 'm2']);
      assert.equal(closed.got.length, 3);
    },
    'takes what a closed consumer says too late without harm': async (t) => {
      const queue = await t.open();
      await publish(queue, ['a']);
      const closed = await read(queue);
      await closed.has(1);
      await closed.consumer.close();
      closed.consumer.giveBack(closed.got);
      const other = await read(queue);
      await afterAll(queue, other);
      assert.deepEqual(other.bodies(), ['a']);
    },
  },
};

export async function depthOf(queue: Awaited<ReturnType<QueueTester['open']>>): Promise<number> {
  return (await queue.depth()).addresses.reduce((sum, { messages }) => sum + messages, 0);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
