import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address } from '../../src/core/message.ts';
import type { Logger } from '../../src/core/logger.ts';
import { systemRandom, type Random } from '../../src/core/random.ts';
import { parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { QueueDeclarer } from '../../src/queue/rabbitmq/queue-declarer.ts';
import { serverVersion } from '../../src/queue/rabbitmq/server-version.ts';
import { unavailable, useRabbitmq } from '../engines/engine.ts';
import { rabbitmqctl } from '../engines/rabbitmqctl.ts';
import { CutLine } from './cut-line.ts';
import { RabbitmqSubject } from './rabbitmq-subject.ts';
import { TlsLine } from './tls-line.ts';

const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
const IN_ORDER: Random = { bytes: (length) => systemRandom.bytes(length), fraction: () => 0.5 };

describe.skipIf(unavailable('rabbitmq-server', 'openssl'))('opening the queue on RabbitMQ', () => {
  const engine = useRabbitmq(1);
  let subject: RabbitmqSubject;

  beforeEach(async () => {
    subject = await RabbitmqSubject.of(engine);
  });

  afterEach(() => subject.dispose(ADDRESS));

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
    const refused = { code: 'SLUICE_QUEUE_UNUSABLE' };
    await expect(other.publish([{ address: ADDRESS, body: 'a' }])).rejects.toMatchObject(refused);
    await expect(other.consume(ADDRESS, { prefetch: 1 }, () => undefined)).rejects.toMatchObject(refused);
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

  it('goes to another node where one can not be reached, and publishes over those that can', async () => {
    const dead = await CutLine.to(1);
    dead.cut();
    const url = subject.url().replace('@', `@127.0.0.1:${dead.port},`);
    const queue = await subject.open({}, { url, random: IN_ORDER, addresses: [ADDRESS] });
    await queue.publish([{ address: ADDRESS, body: 'a' }]);
    expect(await queue.health()).toMatchObject({ ok: true });
    dead.close();
  });

  it('gives up where no node is reached in time, with the reason', async () => {
    for (const line of subject.lines) line.cut();
    await expect(subject.open({}, { connectWithinMs: 300 })).rejects.toMatchObject({
      code: 'SLUICE_QUEUE_UNAVAILABLE',
      data: { reason: expect.stringContaining('127.0.0.1:') as string },
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
    await expect(subject.open({}, { url: distrusting, connectWithinMs: 1000 })).rejects.toMatchObject({
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
