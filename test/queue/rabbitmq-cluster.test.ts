import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Address } from '../../src/core/message.ts';
import { systemRandom, type Random } from '../../src/core/random.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { examineRabbitmq } from '../../src/queue/rabbitmq/examine-rabbitmq.ts';
import { queueConformance } from '../../src/testing/queue-conformance.ts';
import { useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { rabbitmqctl } from '../engines/rabbitmqctl.ts';
import { rabbitmqFactory, SKIPS } from './rabbitmq-factory.ts';
import { RabbitmqSubject } from './rabbitmq-subject.ts';

const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const WAIT = { timeout: 60_000, interval: 100 };
const LONG = 120_000;
/** Leaves the nodes in their order: the first two are published to, the third is consumed from. */
const IN_ORDER: Random = { bytes: (length) => systemRandom.bytes(length), fraction: () => 0.5 };

describe.skipIf(unavailable('rabbitmq-server'))('on three nodes', () => {
  const engine = useRabbitmq(3);
  queueConformance({ describe, it }, 'rabbitmq', rabbitmqFactory(engine), { skips: SKIPS });

  it('are found to be one cluster, and leave nothing of the looking behind', async () => {
    const { nodes, strangers, durability } = await examineRabbitmq(engine.url);
    expect(nodes.map(({ kind }) => kind)).toEqual(['answers', 'answers', 'answers']);
    expect([strangers, durability]).toEqual([[], expect.stringContaining('at least 2 of the 3 nodes')]);
    expect(await rabbitmqctl(engine, 0, 'list_queues', 'name')).not.toContain('doctor');
  });

  describe('a node that dies', () => {
    let subject: RabbitmqSubject;
    let queue: Queue;
    let confirmed: Set<string>;

    beforeEach(async () => {
      subject = await RabbitmqSubject.of(engine);
      queue = await subject.open(
        {},
        { addresses: [ADDRESS], random: IN_ORDER, publishWithinMs: LONG, settleMs: 2000 },
      );
      confirmed = new Set();
    });

    afterEach(() => subject.dispose(ADDRESS));

    /** Publishes one in each turn of the event loop; resolves when all are confirmed. */
    async function load(prefix: string, count: number): Promise<void> {
      const publishing: Promise<unknown>[] = [];
      for (let at = 0; at < count; at += 1) {
        const body = `${prefix} ${at}`;
        publishing.push(queue.publish([{ address: ADDRESS, body }]).then(() => confirmed.add(body)));
        await nextTurn();
      }
      await Promise.all(publishing);
    }

    /** The number of the node that leads the queue, from 1. */
    async function leader(): Promise<number> {
      const listed = await rabbitmqctl(engine, 2, 'list_queues', 'name', 'leader', '--no-table-headers');
      const [, number] = new RegExp(`${subject.queueOf(ADDRESS)}\\s+rabbitmq-(\\d)`).exec(listed) ?? [];
      return Number(number);
    }

    /** Everything that the queue holds. */
    async function contents(): Promise<string[]> {
      const bodies: string[] = [];
      const consumer = await queue.consume(ADDRESS, { prefetch: 500 }, (batch) => {
        bodies.push(...batch.map(({ body }) => body));
        void consumer.ack(batch);
      });
      await vi.waitFor(async () => expect((await queue.depth()).addresses[0]?.messages).toBe(0), WAIT);
      await consumer.close();
      return bodies;
    }

    /** What was confirmed and is missing, and what is there more than once though it was not under way at the death. */
    async function wrong(underWay: ReadonlySet<string>): Promise<{ lost: string[]; repeated: string[] }> {
      const found = await contents();
      const distinct = new Set(found);
      return {
        lost: [...confirmed].filter((body) => !distinct.has(body)),
        repeated: found.filter((body, at) => found.indexOf(body) !== at && !underWay.has(body)),
      };
    }

    it(
      'costs nothing that was confirmed, and repeats only what was under way, when it is published to',
      async () => {
        const node = engine.processes[1];
        await load('before', 200);
        const during = load('during', 500);
        await node?.kill();
        const underWay = new Set(
          Array.from({ length: 500 }, (_, at) => `during ${at}`).filter((body) => !confirmed.has(body)),
        );
        await load('after', 200);
        await during;
        expect(await wrong(underWay)).toEqual({ lost: [], repeated: [] });
        await node?.start();
        await node?.ready(LONG);
      },
      LONG,
    );

    it(
      'does not make the queue look full to channels that are opened while it has no leader',
      async () => {
        await load('before', 10);
        const node = engine.processes[await leader()];
        for (const line of subject.lines) line.cut();
        await node?.kill();
        for (const line of subject.lines) line.mend();
        await load('after', 50);
        expect(await wrong(new Set())).toEqual({ lost: [], repeated: [] });
        await node?.start();
        await node?.ready(LONG);
      },
      LONG,
    );

    it(
      'is no hindrance when it is frozen instead',
      async () => {
        const node = engine.processes[1];
        await load('before', 200);
        node?.signal('SIGSTOP');
        const during = load('during', 200);
        const underWay = new Set(Array.from({ length: 200 }, (_, at) => `during ${at}`));
        try {
          await during;
        } finally {
          node?.signal('SIGCONT');
        }
        expect(await wrong(underWay)).toEqual({ lost: [], repeated: [] });
      },
      LONG,
    );

    it(
      'holds up no message when it is the frozen leader, not even one of a connection that is made meanwhile',
      async () => {
        const sooner = await subject.open(
          {},
          // Sooner than RabbitMQ takes a frozen node for dead, and stops asking it.
          { addresses: [ADDRESS], random: IN_ORDER, publishWithinMs: 30_000, settleMs: 0 },
        );
        const number = await leader();
        for (let at = 0; at < 50; at += 1) await sooner.publish([{ address: ADDRESS, body: `before ${at}` }]);
        engine.processes[number]?.signal('SIGSTOP');
        try {
          await sooner.publish([{ address: ADDRESS, body: 'to the next leader' }]);
          // The connection to it is made anew elsewhere; where there was none, another is.
          if (number === 3) subject.lines[0]?.cut();
          subject.lines[0]?.mend();
          for (let at = 0; at < 500; at += 1) {
            await sooner.publish([{ address: ADDRESS, body: `after ${at}` }]);
          }
        } finally {
          engine.processes[number]?.signal('SIGCONT');
        }
        expect(new Set(await contents()).size).toBe(551);
      },
      LONG,
    );

    it(
      'refuses at once, when most nodes are frozen and one publish has waited in vain, until they go on',
      async () => {
        const told: string[] = [];
        const warn = (message: string, fields?: Readonly<Record<string, unknown>>): number =>
          told.push(`${message} ${JSON.stringify(fields)}`);
        const stalling = await subject.open(
          {},
          {
            addresses: [ADDRESS],
            random: IN_ORDER,
            publishWithinMs: 3000,
            logger: { ...silentLogger, warn },
          },
        );
        const publish = (): Promise<unknown> => stalling.publish([{ address: ADDRESS, body: 'a' }]);
        await publish();
        const number = await leader();
        const frozen = engine.processes.filter((_node, at) => at === number || at === (number % 3) + 1);
        for (const node of frozen) node.signal('SIGSTOP');
        try {
          const unavailableNow = { code: 'SLUICE_QUEUE_UNAVAILABLE' };
          const inFlight = Promise.allSettled(Array.from({ length: 100 }, publish));
          await expect(publish()).rejects.toMatchObject(unavailableNow);
          const rejected = vi.fn<(error: unknown) => void>();
          publish().catch(rejected);
          await nextTurn();
          expect(rejected).toHaveBeenCalledOnce();
          expect(await stalling.health()).toMatchObject({ ok: false });
          expect((await inFlight).filter(({ status }) => status === 'fulfilled')).toEqual([]);
          // What the connection held is let go with it.
          await vi.waitFor(() => expect(told.join('\n')).toContain('it confirms nothing'), WAIT);
        } finally {
          for (const node of frozen) node.signal('SIGCONT');
        }
        await vi.waitFor(publish, WAIT);
        expect(await stalling.health()).toMatchObject({ ok: true });
      },
      LONG,
    );
  });
});
