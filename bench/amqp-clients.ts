import { connect } from 'amqplib';
import { Connection } from 'rabbitmq-client';
import { withErrorListener } from './error-listener.ts';
import type { Figures } from './main.ts';
import { withRabbitmq } from './rabbitmq-nodes.ts';
import { median, round } from './statistics.ts';

/** A bare client on one queue: what a driver built on it starts from. */
interface Client {
  readonly name: string;
  /** Resolves when the broker has confirmed it. */
  publish(body: Buffer): Promise<void>;
  /** Takes so many messages out of the queue, each batch acknowledged with one acknowledgement. */
  drain(messages: number): Promise<void>;
  close(): Promise<void>;
}

interface Cost {
  readonly perSecond: number;
  readonly cpuUs: number;
}

const BODY = Buffer.alloc(1024, 'x');
const IN_FLIGHT = 256;
const PREFETCH = 500;
const BATCH = 100;
const WINDOW_MS = 1000;
const WARM_UP_MS = 3000;
const QUEUE = { 'x-queue-type': 'quorum' } as const;

/** Confirmed publishes, and consuming with multi-acks, by the two clients that the driver could be built on. */
export function benchAmqpClients(seconds: number): Promise<Figures> {
  return withRabbitmq(1, async ([port = 0]) => {
    const clients = [await openAmqplib(port), await openRabbitmqClient(port)];
    const costs = clients.map(() => ({ publish: [] as Cost[], consume: [] as Cost[] }));
    for (const client of clients) await window(client, WARM_UP_MS);
    const rounds = Math.max(3, Math.round((seconds * 1000) / WINDOW_MS / clients.length / 2));
    for (let at = 0; at < rounds; at += 1) {
      // Each goes first every other time.
      const order = at % 2 === 0 ? [0, 1] : [1, 0];
      for (const index of order) {
        const client = clients[index];
        if (!client) continue;
        const { publish, consume } = await window(client, WINDOW_MS);
        costs[index]?.publish.push(publish);
        costs[index]?.consume.push(consume);
      }
    }
    for (const client of clients) await client.close();
    return Object.assign(
      {},
      ...clients.map(({ name }, index) => ({
        [`${name}PublishesPerSecond`]: medianOf(costs[index]?.publish, 'perSecond'),
        [`${name}PublishCpuUs`]: medianOf(costs[index]?.publish, 'cpuUs'),
        [`${name}ConsumesPerSecond`]: medianOf(costs[index]?.consume, 'perSecond'),
        [`${name}ConsumeCpuUs`]: medianOf(costs[index]?.consume, 'cpuUs'),
      })),
    ) as Figures;
  });
}

function medianOf(costs: readonly Cost[] | undefined, figure: keyof Cost): number {
  return round(median((costs ?? []).map((cost) => cost[figure])));
}

async function window(client: Client, ms: number): Promise<{ publish: Cost; consume: Cost }> {
  let messages = 0;
  const publish = await cost(async () => {
    const until = performance.now() + ms;
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (performance.now() < until) {
          await client.publish(BODY);
          messages += 1;
        }
      }),
    );
    return messages;
  });
  const consume = await cost(async () => {
    await client.drain(messages);
    return messages;
  });
  return { publish, consume };
}

async function cost(work: () => Promise<number>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const messages = await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: messages / seconds, cpuUs: (user + system) / messages };
}

async function openAmqplib(port: number): Promise<Client> {
  const queue = 'bench-amqplib';
  const model = withErrorListener(await connect({ hostname: '127.0.0.1', port }, { noDelay: true }));
  const publisher = withErrorListener(await model.createConfirmChannel());
  await publisher.assertQueue(queue, { durable: true, arguments: QUEUE });
  return {
    name: 'amqplib',
    publish: (body) =>
      new Promise((resolve, reject) => {
        publisher.publish('', queue, body, { persistent: true }, (error: unknown) =>
          error ? reject(new Error('refused', { cause: error })) : resolve(),
        );
      }),
    async drain(messages) {
      const channel = withErrorListener(await model.createChannel());
      await channel.prefetch(PREFETCH);
      let left = messages;
      await new Promise<void>((resolve, reject) => {
        channel.once('close', () => reject(new Error('the channel has ended')));
        void channel.consume(queue, (message) => {
          left -= 1;
          if (message && (left % BATCH === 0 || left === 0)) channel.ack(message, true);
          if (left === 0) resolve();
        });
      });
      await channel.close();
    },
    close: () => model.close(),
  };
}

async function openRabbitmqClient(port: number): Promise<Client> {
  const queue = 'bench-rabbitmq-client';
  const connection = new Connection({ hostname: '127.0.0.1', port, noDelay: true, frameMax: 131_072 });
  const publisher = await connection.acquire();
  await publisher.queueDeclare({ queue, durable: true, arguments: QUEUE });
  await publisher.confirmSelect();
  return {
    name: 'rabbitmqClient',
    publish: (body) => publisher.basicPublish({ routingKey: queue, durable: true }, body),
    async drain(messages) {
      const channel = await connection.acquire();
      await channel.basicQos({ prefetchCount: PREFETCH });
      let left = messages;
      await new Promise<void>((resolve) => {
        void channel.basicConsume({ queue }, ({ deliveryTag }) => {
          left -= 1;
          if (left % BATCH === 0 || left === 0) channel.basicAck({ deliveryTag, multiple: true });
          if (left === 0) resolve();
        });
      });
      await channel.close();
    },
    async close() {
      await publisher.close();
      await connection.close();
    },
  };
}
