import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../src/core/message.ts';
import type { Logger } from '../../src/core/logger.ts';
import { systemRandom, type Random } from '../../src/core/random.ts';
import { parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { examineRabbitmq } from '../../src/queue/rabbitmq/examine-rabbitmq.ts';
import { QueueDeclarer } from '../../src/queue/rabbitmq/queue-declarer.ts';
import { serverVersion } from '../../src/queue/rabbitmq/server-version.ts';
import { useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { rabbitmqctl } from '../engines/rabbitmqctl.ts';
import { CutLine } from './cut-line.ts';
import { RabbitmqSubject } from './rabbitmq-subject.ts';
import { TlsLine } from './tls-line.ts';

const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const OTHER: Address = { ...ADDRESS, lane: 1 };
const PATIENCE = { timeout: 30_000 };
/** Frames of AMQP 0-9-1: `connection.open-ok`, and `connection.close` with 320 CONNECTION_FORCED, as of a server that shuts down. */
const OPEN_OK = Buffer.from('01000000000005000a002900ce', 'hex');
const CLOSE = Buffer.from('0100000000001c000a0032014011434f4e4e454354494f4e5f464f5243454400000000ce', 'hex');
const IN_ORDER: Random = { bytes: (length) => systemRandom.bytes(length), fraction: () => 0.5 };

describe.skipIf(unavailable('rabbitmq-server', 'openssl'))('opening the queue on RabbitMQ', () => {
  const engine = useRabbitmq(1);
  const other = useRabbitmq(1);
  let subject: RabbitmqSubject;

  beforeEach(async () => {
    subject = await RabbitmqSubject.of(engine);
  });

  afterEach(() => subject.dispose(ADDRESS, OTHER));

  it('says in one line, in health and log, what a confirmation promises', async () => {
    const told: unknown[] = [];
    const logger = loggerTo((...line) => told.push(line));
    const queue = await subject.open({}, { logger });
    const durability = expect.stringMatching(
      /^RabbitMQ \d+\.\d+\S*, one node: what is confirmed is synced to the disk of that node$/,
    ) as string;
    expect(await queue.health()).toEqual({ ok: true, durable: true, durability });
    expect(told).toContainEqual(['info', 'connected to the queue', { durability }]);
  });

  it('tells clearly that a queue is there with other settings', async () => {
    await subject.open({ maxBytes: 1000 }, { addresses: [ADDRESS] });
    await expect(subject.open({ maxBytes: 2000 }, { addresses: [ADDRESS] })).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNUSABLE',
      message: expect.stringMatching(
        new RegExp(
          `the queue ${subject.queueOf(ADDRESS)} is there .*'x-max-length-bytes'.*1999.*999.*delete it`,
        ),
      ) as string,
    });
  });

  it('tells so too where the queue is used for the first time later on', async () => {
    await subject.open({ maxBytes: 1000 }, { addresses: [ADDRESS] });
    const other = await subject.open({ maxBytes: 2000 });
    await expect(other.publish([{ address: ADDRESS, body: 'a' }])).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNAVAILABLE',
      data: { reason: expect.stringContaining('other settings') as string },
    });
    await expect(other.consume(ADDRESS, { prefetch: 1 }, () => undefined)).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNUSABLE',
    });
  });

  it('takes a queue that is older than the server, and says that its deliveries are limited', async () => {
    const queue = subject.queueOf(ADDRESS);
    await subject.open({}, { addresses: [ADDRESS] });
    const told: unknown[] = [];
    const declarer = new QueueDeclarer(
      parseBrokerUrl(subject.url()),
      0,
      loggerTo((...line) => told.push(line)),
    );
    await subject.bare(async (model) => {
      model.connection.serverProperties.version = '4.0.1';
      await declarer.declare(model, queue);
    });
    expect(told).toEqual([['warn', expect.stringContaining('20 deliveries') as string, { queue }]]);
  });

  it('does not use a server that is too old', async () => {
    await subject.bare(async (model) => {
      model.connection.serverProperties.version = '3.9.29';
      expect(() => serverVersion(model)).toThrow('3.10 or later');
    });
  });

  it('tells at once that the password or the virtual host is wrong, and nothing of the password', async () => {
    const told: unknown[] = [];
    const logger = loggerTo((...line) => told.push(line));
    const wrong = (from: string, to: string): Promise<unknown> =>
      subject.open({}, { logger, url: subject.url().replace(from, to) }).catch((error: unknown) => error);
    const refused = [await wrong('guest:guest', 'guest:hunter2'), await wrong('/?', '/nowhere?')];
    expect(refused).toMatchObject([
      { code: 'SLUICE_QUEUE_UNUSABLE', message: expect.stringContaining('password') as string },
      { code: 'SLUICE_QUEUE_UNUSABLE', message: expect.stringContaining('"nowhere"') as string },
    ]);
    expect(told).not.toEqual([]);
    const [first] = refused;
    expect(JSON.stringify([told, first, String(first), first instanceof Error && first.cause])).not.toContain(
      'hunter2',
    );
  });

  it('says that the nodes of the URL are not one cluster, promises less, and uses only those that are', async () => {
    const stranger = await CutLine.to(other.processes[1]?.member.port ?? 0);
    onTestFinished(() => stranger.close());
    const told: unknown[] = [];
    const queue = await subject.open(
      {},
      {
        url: subject.url().replace('/?', `,127.0.0.1:${stranger.port}/?`),
        logger: loggerTo((...line) => told.push(line)),
        addresses: [ADDRESS],
      },
    );
    let accepted = 0;
    await expect
      .poll(async () => {
        await queue.publish([{ address: ADDRESS, body: `${(accepted += 1)}` }]);
        return JSON.stringify(told);
      }, PATIENCE)
      .toContain('not one cluster');
    expect(await queue.health()).toMatchObject({
      ok: true,
      durable: false,
      durability: expect.stringMatching(/not one cluster$/) as string,
    });
    await queue.publish([{ address: ADDRESS, body: 'afterwards' }]);
    // All that was accepted is at one of the two, and the other has no such queue.
    const held = async (): Promise<string[]> => {
      const lists = [engine, other].map((broker) =>
        rabbitmqctl(broker, 0, 'list_queues', '--no-table-headers', 'name', 'messages'),
      );
      const lines = (await Promise.all(lists)).flatMap((list) => list.split('\n'));
      return lines.filter((line) => line.startsWith(`${subject.queueOf(ADDRESS)}\t`));
    };
    await expect.poll(held, PATIENCE).toEqual([`${subject.queueOf(ADDRESS)}\t${accepted + 1}`]);
    expect(told.filter((line) => JSON.stringify(line).includes('not one cluster'))).toHaveLength(1);
  });

  it('uses the user and the virtual host of the URL', async () => {
    await rabbitmqctl(engine, 0, 'add_vhost', 'my/host');
    await rabbitmqctl(engine, 0, 'add_user', 'us@er', 'p:a/s:s');
    await rabbitmqctl(engine, 0, 'set_permissions', '--vhost', 'my/host', 'us@er', '.*', '.*', '.*');
    const url = subject.url().replace('guest:guest', 'us%40er:p%3Aa%2Fs:s').replace('/?', '/my%2Fhost?');
    const queue = await subject.open({}, { url, addresses: [ADDRESS] });
    await queue.publish([{ address: ADDRESS, body: 'a' }]);
    const queues = await rabbitmqctl(engine, 0, 'list_queues', '--vhost', 'my/host', 'name');
    expect(queues).toContain(subject.queueOf(ADDRESS));
  });

  it('needs no other rights than those that the documentation names', async () => {
    const own = `^${subject.prefix}\\.`;
    await rabbitmqctl(engine, 0, 'add_user', 'modest', 'secret');
    await rabbitmqctl(engine, 0, 'set_permissions', 'modest', own, `${own}|^amq\\.default$`, own);
    const url = subject.url().replace('guest:guest', 'modest:secret');
    const queue = await subject.open({}, { url, addresses: [ADDRESS] });
    await queue.publish([{ address: ADDRESS, body: 'a' }]);
    const consumer = await queue.consume(ADDRESS, { prefetch: 1 }, (batch) => void consumer.ack(batch));
    await expect.poll(async () => (await queue.depth()).addresses[0]?.messages, PATIENCE).toBe(0);
    expect((await examineRabbitmq(url)).nodes).toMatchObject([{ kind: 'answers' }]);
  });

  it('says what the server has against its messages', async () => {
    const told: unknown[] = [];
    const url = subject.url().replace('guest:guest', 'reader:secret');
    await rabbitmqctl(engine, 0, 'add_user', 'reader', 'secret');
    await rabbitmqctl(engine, 0, 'set_permissions', 'reader', '.*', '.*', '.*');
    const logger = loggerTo((...line) => told.push(line));
    const queue = await subject.open({}, { url, logger, addresses: [ADDRESS], publishWithinMs: 1000 });
    await rabbitmqctl(engine, 0, 'set_permissions', 'reader', '.*', '^$', '.*');
    const reason = expect.stringMatching(/takes no messages: .*ACCESS_REFUSED/) as string;
    // RabbitMQ remembers what a channel may do for a while.
    await expect
      .poll(() => queue.publish([{ address: ADDRESS, body: 'a' }]).catch((error: unknown) => error), PATIENCE)
      .toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE', data: { reason } });
    const warnings = told.filter((line) => JSON.stringify(line).includes('has ended a channel'));
    expect(warnings).toHaveLength(1);
  });

  it('connects again where the server closes a connection together with the answer to its opening', async () => {
    let closed = 0;
    const leaving = await CutLine.to(engine.processes[1]?.member.port ?? 0, (sent) => {
      if (closed > 0 || !sent.subarray(0, OPEN_OK.length).equals(OPEN_OK)) return sent;
      closed += 1;
      return Buffer.concat([sent, CLOSE]);
    });
    onTestFinished(() => leaving.close());
    const url = subject.url().replace(/@[^/]*/, `@127.0.0.1:${leaving.port}`);
    const queue = await subject.open({}, { url, addresses: [ADDRESS] });
    expect(closed).toBe(1);
    await queue.publish([{ address: ADDRESS, body: 'a' }]);
    expect((await queue.depth()).addresses).toMatchObject([{ messages: 1 }]);
  });

  it('goes to another node where one can not be reached, and publishes over those that can', async () => {
    const dead = await CutLine.to(1);
    dead.cut();
    const url = subject.url().replace('@', `@127.0.0.1:${dead.port},`);
    const queue = await subject.open({}, { url, random: IN_ORDER, addresses: [ADDRESS] });
    await queue.publish([{ address: ADDRESS, body: 'a' }]);
    expect(await queue.health()).toMatchObject({ ok: true });
    dead.close();
  });

  describe('without a node', () => {
    const QUICK = { connectWithinMs: 300, publishWithinMs: 1000, addresses: [ADDRESS] };
    const MESSAGE = [{ address: ADDRESS, body: 'a' }];

    async function openLate(parameters: Readonly<Record<string, number>> = {}, url?: string) {
      const told: unknown[][] = [];
      const logger = loggerTo((...line) => told.push(line));
      for (const line of subject.lines) line.cut();
      const queue = await subject.open(parameters, {
        ...QUICK,
        logger,
        ...(url === undefined ? {} : { url }),
      });
      const mend = (): void => subject.lines.forEach((line) => line.mend());
      const lines = (level: string): unknown[][] => told.filter(([of]) => of === level);
      return { queue, mend, told, lines };
    }

    it('goes on without one, promises nothing, and makes the queues as soon as one is there', async () => {
      const { queue, mend, lines } = await openLate({}, subject.url().replace('@', '@127.0.0.1:9,'));
      const reason = expect.stringMatching(/^127\.0\.0\.1:\d+: /) as string;
      const refused = { code: 'SLUICE_QUEUE_UNAVAILABLE', data: { reason } };
      await expect(queue.publish(MESSAGE)).rejects.toMatchObject(refused);
      expect(await queue.health()).toMatchObject({ ok: false, durable: false, reason });
      const warned = lines('warn').map((line) => JSON.stringify(line));
      expect(new Set(warned).size).toBe(warned.length);
      const plain = ['warn', expect.stringMatching(/^starting without the queue/), { reason }];
      expect(lines('warn')).toContainEqual(plain);
      mend();
      await expect.poll(() => lines('info'), PATIENCE).toHaveLength(1);
      expect(await rabbitmqctl(engine, 0, 'list_queues', 'name')).toContain(subject.queueOf(ADDRESS));
      await expect.poll(() => queue.publish(MESSAGE).then(() => true, String), PATIENCE).toBe(true);
      expect(await queue.health()).toMatchObject({ ok: true, durable: true });
    });

    it('tells once, and in each publish, that the queue turns out to have other settings', async () => {
      await subject.open({ maxBytes: 1000 }, { addresses: [ADDRESS] });
      const { queue, mend, lines } = await openLate({ maxBytes: 2000 });
      mend();
      await expect.poll(() => lines('error'), PATIENCE).toHaveLength(1);
      const reason = expect.stringContaining('other settings') as string;
      for (let time = 0; time < 3; time += 1) {
        await expect(queue.publish(MESSAGE)).rejects.toMatchObject({
          code: 'SLUICE_QUEUE_UNAVAILABLE',
          data: { reason },
        });
      }
      expect(lines('error')).toEqual([['error', 'the queue can not be used', { reason }]]);
      await queue.publish([{ address: OTHER, body: 'a' }]);
    });

    it('tells in each publish that the password turns out to be wrong, and uses it when it is right', async () => {
      const url = subject.url().replace('guest:guest', 'late:hunter2');
      const { queue, mend, told } = await openLate({}, url);
      mend();
      const refused = {
        code: 'SLUICE_QUEUE_UNAVAILABLE',
        data: { reason: expect.stringContaining('password') as string },
      };
      await expect
        .poll(() => queue.publish(MESSAGE).catch((error: unknown) => error), PATIENCE)
        .toMatchObject(refused);
      await expect(queue.publish(MESSAGE)).rejects.toMatchObject(refused);
      expect(JSON.stringify(told)).not.toContain('hunter2');
      await rabbitmqctl(engine, 0, 'add_user', 'late', 'hunter2');
      await rabbitmqctl(engine, 0, 'set_permissions', 'late', '.*', '.*', '.*');
      await expect.poll(() => queue.publish(MESSAGE).then(() => true, String), PATIENCE).toBe(true);
    });

    it('closes', async () => {
      const { queue } = await openLate();
      const publishing = queue.publish(MESSAGE);
      await Promise.all([queue.close(), expect(publishing).rejects.toThrow('did not confirm')]);
    });
  });

  it('is encrypted with amqps, and trusts no certificate that it was not told to', async () => {
    const line = await TlsLine.to(engine.processes[1]?.member.port ?? 0);
    const url = subject
      .url({ cacertfile: encodeURIComponent(line.certificateFile), server_name_indication: 'queue.test' })
      .replace('amqp:', 'amqps:')
      .replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${line.port}`);
    const queue = await subject.open({}, { url, addresses: [ADDRESS] });
    await queue.publish([{ address: ADDRESS, body: 'a' }]);
    const distrusting = url.replace(/&cacertfile=[^&]*/, '');
    await expect(subject.open({}, { url: distrusting })).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNUSABLE',
      data: { reason: expect.stringContaining('self-signed certificate') as string },
    });
    await expect(
      subject.open({}, { url: url.replace(/cacertfile=[^&]*/, 'cacertfile=nowhere.pem') }),
    ).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNUSABLE' });
    await queue.close();
    line.close();
  });
});

function loggerTo(tell: (...line: unknown[]) => void): Logger {
  const level =
    (name: string) =>
    (...line: unknown[]): void =>
      tell(name, ...line);
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
}
