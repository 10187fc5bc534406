import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../src/core/message.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { rabbitmqctl } from '../engines/rabbitmqctl.ts';
import { RabbitmqSubject } from './rabbitmq-subject.ts';

const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const OTHER: Address = { ...ADDRESS, lane: 1 };
const WAIT = { timeout: 30_000 };

describe.skipIf(unavailable('rabbitmq-server'))('publishing to RabbitMQ', () => {
  const engine = useRabbitmq(1);
  let subject: RabbitmqSubject;

  beforeEach(async () => {
    subject = await RabbitmqSubject.of(engine);
  });

  afterEach(() => subject.dispose(ADDRESS, OTHER));

  function publish(queue: Queue, ...bodies: string[]): Promise<unknown> {
    return queue.publish(bodies.map((body) => ({ address: ADDRESS, body })));
  }

  async function waiting(queue: Queue): Promise<number> {
    return (await queue.depth()).addresses[0]?.messages ?? 0;
  }

  it('says that the queue is full, and takes messages again once a consumer has made room', async () => {
    const queue = await subject.open({ maxMessages: 5 }, { addresses: [ADDRESS] });
    for (let at = 0; at < 5; at += 1) await publish(queue, `${at}`);
    await expect(publish(queue, 'too many')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
    expect(await queue.depth()).toMatchObject({ fullness: 1, addresses: [{ messages: 5 }] });
    const consumer = await queue.consume(ADDRESS, { prefetch: 10 }, (batch) => void consumer.ack(batch));
    await vi.waitFor(async () => expect(await waiting(queue)).toBe(0), WAIT);
    await consumer.close();
    await publish(queue, 'again');
    expect(await waiting(queue)).toBe(1);
  });

  it('says that the queue is full where it was so before this process began', async () => {
    const first = await subject.open({ maxMessages: 2 });
    await publish(first, 'a', 'b');
    const second = await subject.open({ maxMessages: 2 });
    await expect(publish(second, 'c')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
    expect(await waiting(second)).toBe(2);
  });

  it('does not say that nothing was stored where a part of a publish was', async () => {
    const queue = await subject.open({ maxMessages: 1 });
    await publish(queue, 'a');
    const publishing = queue.publish([
      { address: ADDRESS, body: 'b' },
      { address: OTHER, body: 'c' },
    ]);
    await expect(publishing).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
  });

  it('rejects at once while RabbitMQ blocks publishers, still counts, and publishes when it ends', async () => {
    const queue = await subject.open({}, { addresses: [ADDRESS], publishWithinMs: 60_000 });
    await publish(queue, 'before');
    await rabbitmqctl(engine, 0, 'set_vm_memory_high_watermark', '0.0001');
    try {
      await expect(async () => {
        for (;;) await publish(queue, 'until it is blocked');
      }).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
      await expect(publish(queue, 'while it is blocked')).rejects.toMatchObject({
        data: { reason: expect.stringContaining('RabbitMQ blocks publishing') as string },
      });
      expect(await queue.health()).toMatchObject({ ok: false });
      expect(await waiting(queue)).toBeGreaterThan(0);
    } finally {
      await rabbitmqctl(engine, 0, 'set_vm_memory_high_watermark', '0.4');
    }
    await vi.waitFor(async () => expect(await queue.health()).toMatchObject({ ok: true }), WAIT);
    await publish(queue, 'afterwards');
  });

  it('makes a queue that was deleted anew, and loses nothing that it confirms', async () => {
    const queue = await subject.open({}, { addresses: [ADDRESS] });
    await publish(queue, 'a');
    await subject.bare(async (model) => {
      await (await model.createChannel()).deleteQueue(subject.queueOf(ADDRESS));
    });
    await publish(queue, 'b', 'c');
    expect(await waiting(queue)).toBe(2);
  });

  it('refuses what is larger than the server takes, and publishes on', async () => {
    const limit = async (bytes: number): Promise<void> => {
      await rabbitmqctl(engine, 0, 'eval', `application:set_env(rabbit, max_message_size, ${bytes}).`);
    };
    await limit(1000);
    const queue = await subject.open({}, { addresses: [ADDRESS] });
    await limit(134_217_728);
    const small = Array.from({ length: 20 }, (_, at) => publish(queue, `small ${at}`));
    await expect(publish(queue, 'x'.repeat(1001))).rejects.toMatchObject({
      code: 'SLUICE_MESSAGE_TOO_LARGE',
      data: { bytes: 1001, limit: 1000 },
    });
    await Promise.all(small);
    await publish(queue, 'afterwards');
  });

  it('waits for a server that restarts, and sends again what was under way', async () => {
    const queue = await subject.open({}, { addresses: [ADDRESS], publishWithinMs: 60_000, settleMs: 2000 });
    const node = engine.processes[1];
    const underWay = Array.from({ length: 50 }, (_, at) => publish(queue, `${at}`));
    await node?.kill();
    underWay.push(publish(queue, 'while it is away'));
    await node?.start();
    await Promise.all(underWay);
    expect(await waiting(queue)).toBeGreaterThanOrEqual(51);
  });

  it('rejects what is not confirmed within its time, with the reason', async () => {
    const queue = await subject.open({}, { addresses: [ADDRESS], publishWithinMs: 300 });
    for (const line of subject.lines) line.cut();
    await expect(publish(queue, 'a')).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNAVAILABLE',
      data: { reason: expect.stringContaining('127.0.0.1:') as string },
    });
    expect(await queue.health()).toMatchObject({ ok: false, reason: expect.any(String) as string });
  });

  it('lets no publish wait after one has waited in vain, until the server is back', async () => {
    const queue = await subject.open({}, { addresses: [ADDRESS], publishWithinMs: 2000 });
    for (const line of subject.lines) line.cut();
    await expect(publish(queue, 'a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    const rejected = vi.fn<(error: unknown) => void>();
    publish(queue, 'b').catch(rejected);
    await nextTurn();
    expect(rejected).toHaveBeenCalledOnce();
    for (const line of subject.lines) line.mend();
    await vi.waitFor(async () => expect(await queue.health()).toMatchObject({ ok: true }), WAIT);
    await publish(queue, 'c');
  });

  it('finishes what is under way before it is closed', async () => {
    const queue = await subject.open();
    const underWay = Array.from({ length: 200 }, (_, at) => publish(queue, `${at}`));
    await queue.close();
    await Promise.all(underWay);
    const counted = await subject.bare(async (model) =>
      (await model.createChannel()).checkQueue(subject.queueOf(ADDRESS)),
    );
    expect(counted.messageCount).toBe(200);
  });
});
