import { describe, expect, it } from 'vitest';
import { parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { SluiceError } from '../../src/core/errors.ts';

describe('the URL of the queue', () => {
  it('names every node, with the port of its scheme where none is given', () => {
    expect(parseBrokerUrl('amqp://a:5673,b,[::1]:5674').nodes).toEqual([
      { host: 'a', port: 5673 },
      { host: 'b', port: 5672 },
      { host: '::1', port: 5674 },
    ]);
    expect(parseBrokerUrl('amqps://a,b:1').nodes).toEqual([
      { host: 'a', port: 5671 },
      { host: 'b', port: 1 },
    ]);
  });

  it('holds credentials and a virtual host with any character, encoded', () => {
    expect(parseBrokerUrl('amqp://us%40er:p%3Aa%2Fs:s@a/my%2Fhost')).toMatchObject({
      user: 'us@er',
      password: 'p:a/s:s',
      vhost: 'my/host',
    });
  });

  it('may leave out everything but a host', () => {
    for (const url of ['amqp://a', 'amqp://a/']) {
      expect(parseBrokerUrl(url)).toMatchObject({
        user: 'guest',
        password: 'guest',
        vhost: '/',
        tls: undefined,
        heartbeatSeconds: 2,
        prefix: 'sluice',
      });
    }
  });

  it('sets bounds, names and TLS by parameters', () => {
    const url =
      'amqps://a?heartbeat=7&prefix=shop&maxMessages=5&maxBytes=6&maxMessageBytes=4&cacertfile=%2Fca.pem&certfile=c&keyfile=k&server_name_indication=mq';
    expect(parseBrokerUrl(url)).toMatchObject({
      heartbeatSeconds: 7,
      prefix: 'shop',
      maxMessages: 5,
      maxBytes: 6,
      maxMessageBytes: 4,
      tls: { caFile: '/ca.pem', certificateFile: 'c', keyFile: 'k', serverName: 'mq' },
    });
  });

  it.each([
    ['http://user:hunter2@a', 'amqp://'],
    ['amqp://user:hunter2@', 'amqp://'],
    ['amqp://user:hun%ter2@a', '%xx'],
    ['amqp://user:hunter2@a:0', 'host:port'],
    ['amqp://user:hunter2@a,,b', 'host:port'],
    ['amqp://user:hunter2', 'host:port'],
    ['amqp://user:hunter2@a?hartbeat=3', 'heartbeat'],
    ['amqp://user:hunter2@a?cacertfile=ca.pem', 'heartbeat'],
    ['amqp://user:hunter2@a?heartbeat=-1', 'whole number'],
    ['amqp://user:hunter2@a?maxMessages=1.5', 'whole number'],
    ['amqp://user:hunter2@a?prefix=A.b', 'lower-case'],
  ])('is refused without its password: %s', (url, expected) => {
    const refused = refusalOf(url);
    expect(refused).toMatchObject({ code: 'SLUICE_OPTION_INVALID' });
    expect(refused.message).toContain(expected);
    expect(JSON.stringify([refused.message, refused.data])).not.toContain('hunter2');
  });
});

function refusalOf(url: string): SluiceError {
  try {
    parseBrokerUrl(url);
  } catch (error) {
    if (SluiceError.is(error)) return error;
  }
  throw new Error(`${url} was taken`);
}
