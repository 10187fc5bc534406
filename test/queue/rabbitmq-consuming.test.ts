import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../src/core/message.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Consumer, Delivery, Queue } from '../../src/queue/queue.ts';
import { useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { RabbitmqSubject } from './rabbitmq-subject.ts';

const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const WAIT = { timeout: 30_000 };
const LONG = 120_000;

describe.skipIf(unavailable('rabbitmq-server'))('consuming from RabbitMQ', () => {
  const engine = useRabbitmq(1);
  let subject: RabbitmqSubject;
  let queue: Queue;
  let consumer: Consumer;
  let got: Delivery[];

  beforeEach(async () => {
    subject = await RabbitmqSubject.of(engine);
    got = [];
  });

  afterEach(() => subject.dispose(ADDRESS));

  async function begin(settleMs = 0): Promise<void> {
    queue = await subject.open({}, { addresses: [ADDRESS], settleMs });
    consumer = await queue.consume(ADDRESS, { prefetch: 10 }, (batch) => void got.push(...batch));
  }

  function publish(...bodies: string[]): Promise<unknown> {
    return queue.publish(bodies.map((body) => ({ address: ADDRESS, body })));
  }

  function bodies(): string[] {
    return got.map(({ body }) => body);
  }

  it(
    'goes on after the server was killed, with what was not acknowledged',
    async () => {
      await begin(2000);
      await publish('a', 'b');
      await expect.poll(bodies, WAIT).toEqual(['a', 'b']);
      const node = engine.processes[1];
      await node?.kill();
      await node?.start();
      await expect.poll(bodies, WAIT).toEqual(['a', 'b', 'a', 'b']);
      // It is refused until a connection to publish over is up, too.
      await vi.waitFor(() => publish('c'), WAIT);
      await expect.poll(bodies, WAIT).toEqual(['a', 'b', 'a', 'b', 'c']);
      await consumer.ack(got.slice(2));
      expect((await queue.depth()).addresses).toMatchObject([{ messages: 0 }]);
    },
    LONG,
  );

  it('rejects the acknowledgement of what a dead connection has delivered, and delivers it again', async () => {
    await begin();
    await publish('a');
    await expect.poll(bodies, WAIT).toEqual(['a']);
    const [first] = got;
    for (const line of subject.lines) line.cut();
    for (const line of subject.lines) line.mend();
    await expect.poll(bodies, WAIT).toEqual(['a', 'a']);
    await expect(consumer.ack(first ? [first] : [])).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNAVAILABLE',
      data: { reason: expect.stringContaining('delivered again') as string },
    });
    await consumer.ack(got.slice(1));
    expect((await queue.depth()).addresses).toMatchObject([{ messages: 0 }]);
  });

  it('rejects the acknowledgement of what it held when it was closed', async () => {
    await begin();
    await publish('a');
    await expect.poll(bodies, WAIT).toEqual(['a']);
    await consumer.close();
    await expect(consumer.ack(got)).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
  });

  it('hands on what a consumer holds whose process has died', async () => {
    await begin();
    const other = await RabbitmqSubject.of(engine, subject.prefix);
    const dying = await other.open();
    await publish('a', 'b');
    await expect.poll(bodies, WAIT).toEqual(['a', 'b']);
    await consumer.close();
    const taken: Delivery[] = [];
    await dying.consume(ADDRESS, { prefetch: 10 }, (batch) => void taken.push(...batch));
    await vi.waitFor(() => expect(taken).toHaveLength(2), WAIT);
    consumer = await queue.consume(ADDRESS, { prefetch: 10 }, (batch) => void got.push(...batch));
    await other.crash(dying);
    await expect.poll(bodies, WAIT).toEqual(['a', 'b', 'a', 'b']);
    other.hangUp();
  });

  it('goes on when its queue was deleted', async () => {
    await begin();
    await subject.bare(async (model) => {
      await (await model.createChannel()).deleteQueue(subject.queueOf(ADDRESS));
    });
    await publish('a');
    await expect.poll(bodies, WAIT).toEqual(['a']);
  });

  it('loses nothing that RabbitMQ itself gives up: it is parked', async () => {
    await begin();
    await consumer.close();
    await publish('a');
    await subject.bare(async (model) => {
      const channel = await model.createChannel();
      const message = await channel.get(subject.queueOf(ADDRESS));
      if (!message) throw new Error('there is no message');
      channel.reject(message, false);
      await vi.waitFor(async () => {
        const parked = await channel.get(`${subject.prefix}.parking`);
        expect(parked && parked.content.toString()).toBe('a');
      }, WAIT);
    });
    // The message was only looked at.
    await expect.poll(async () => (await queue.depth()).parked, WAIT).toBe(1);
  });

  it('closes at once while it waits for a server', async () => {
    const random = { ...systemRandom, fraction: () => 0 };
    queue = await subject.open({}, { addresses: [ADDRESS], random, publishWithinMs: 600_000 });
    consumer = await queue.consume(ADDRESS, { prefetch: 10 }, () => undefined);
    for (const line of subject.lines) line.cut();
    const refused = (): number => subject.lines.reduce((sum, line) => sum + line.refused, 0);
    // By then it has paused, and waits for a connection.
    await expect.poll(refused, WAIT).toBeGreaterThan(9);
    await consumer.close();
    expect(consumer.open).toBe(false);
  });

  it('can not begin while no server is there, and says so', async () => {
    await begin();
    for (const line of subject.lines) line.cut();
    const beginning = queue.consume({ ...ADDRESS, lane: 7 }, { prefetch: 1 }, () => undefined);
    await expect(beginning).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
  });
});
