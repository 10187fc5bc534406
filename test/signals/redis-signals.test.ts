import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { systemRandom } from '../../src/core/random.ts';
import { openRedisSignals } from '../../src/signals/redis/redis-signals.ts';
import type { Signals } from '../../src/signals/signals.ts';
import { signalsConformance } from '../../src/testing/signals-conformance.ts';
import { useRedis } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { recordingLogger } from '../redis/recording-logger.ts';

const PATIENCE = { timeout: 30_000 };
const MAX_UNDER_WAY = 10_000;

let prefixes = 0;
/** Of signals that no other test hears. */
function freshPrefix(): string {
  prefixes++;
  return `test-${prefixes}:`;
}

function open(url: string, logger = recordingLogger()): Signals {
  const signals = openRedisSignals({ url, logger, random: systemRandom });
  onTestFinished(() => signals.close());
  return signals;
}

/** Everything heard under the topic from now on. */
async function collect(signals: Signals, topic: string) {
  const heard: string[] = [];
  const stop = await signals.subscribe(topic, (payload) => heard.push(payload));
  return { heard, stop };
}

/** Waits until a signal comes through: they connect in the background. */
async function connected(signals: Signals, through: Signals = signals): Promise<Signals> {
  const { heard, stop } = await collect(signals, 'connected');
  await expect
    .poll(() => {
      through.publish('connected', '');
      return heard.length;
    }, PATIENCE)
    .toBeGreaterThan(0);
  stop();
  return signals;
}

describe.skipIf(unavailable('redis-server'))('the signals on Redis', () => {
  const engine = useRedis();
  const at = (prefix = freshPrefix()): string => `${engine.url}?prefix=${prefix}`;
  const server = () => {
    const [process] = engine.processes;
    if (!process) throw new Error('there is no server');
    return process;
  };
  let raw: Redis;
  beforeAll(() => {
    raw = new Redis(engine.url, { maxRetriesPerRequest: null });
    raw.on('error', () => undefined);
  });
  afterAll(() => raw.disconnect());
  const channels = async (prefix: string): Promise<unknown> => raw.pubsub('CHANNELS', `${prefix}*`);

  signalsConformance({ describe, it }, 'redis', async () => ({ signals: await connected(open(at())) }));

  it('go from one process to another', async () => {
    const url = at();
    const [here, there] = [open(url), open(url)];
    await connected(here, there);
    await connected(there, here);
    const { heard } = await collect(here, 'a');
    there.publish('a', 'x');
    await expect.poll(() => heard, PATIENCE).toEqual(['x']);
  });

  it('are subscribed to once a topic, and as long as somebody listens', async () => {
    const signals = await connected(open(at('count:')));
    const [first, second] = await Promise.all([collect(signals, 'a'), collect(signals, 'a')]);
    expect(await channels('count:')).toEqual(['count:a']);
    expect(await raw.pubsub('NUMSUB', 'count:a')).toEqual(['count:a', 1]);
    first.stop();
    signals.publish('a', 'x');
    await expect.poll(() => second.heard, PATIENCE).toEqual(['x']);
    second.stop();
    await expect.poll(() => channels('count:'), PATIENCE).toEqual([]);
  });

  it('stay subscribed to a topic that is left and listened to again at once', async () => {
    const signals = await connected(open(at('again:')));
    const left = await collect(signals, 'a');
    left.stop();
    const { heard, stop } = await collect(signals, 'a');
    signals.publish('a', 'x');
    await expect.poll(() => heard, PATIENCE).toEqual(['x']);
    stop();
    const brief = await collect(signals, 'a');
    brief.stop();
    await expect.poll(() => channels('again:'), PATIENCE).toEqual([]);
  });

  it('subscribe on one connection, however many topics are waited for', async () => {
    const signals = await connected(open(at('many:')));
    const all = await Promise.all(Array.from({ length: 2500 }, (_topic, n) => collect(signals, `t${n}`)));
    await expect.poll(async () => (await channels('many:')) as string[], PATIENCE).toHaveLength(2500);
    for (let n = 0; n < all.length; n += 1) signals.publish(`t${n}`, String(n));
    await expect
      .poll(() => all.map(({ heard }) => heard), PATIENCE)
      .toEqual(all.map((_one, n) => [String(n)]));
    const clients = (await raw.client('LIST')) as string;
    const subscribed = clients.split('\n').filter((line) => line.includes(' sub=2500 '));
    expect(subscribed).toEqual([expect.stringContaining('name=sluice-subscribe')]);
  });

  it('are heard again after the server was killed and has come back', async () => {
    const logger = recordingLogger();
    const signals = await connected(open(at('killed:'), logger));
    const { heard } = await collect(signals, 'a');
    await server().kill();
    signals.publish('a', 'lost');
    const during = await collect(signals, 'b');
    const gone = await collect(signals, 'c');
    gone.stop();
    await expect.poll(() => logger.entries.join(), PATIENCE).toContain('ECONNREFUSED');
    await server().start();
    await connected(signals);
    signals.publish('a', 'found');
    signals.publish('b', 'found');
    await expect.poll(() => [heard, during.heard], PATIENCE).toEqual([['found'], ['found']]);
    expect(await channels('killed:')).not.toContain('killed:c');
  });

  it('do not pile up while the server is frozen, and go on after', async () => {
    const signals = await connected(open(at('frozen:')));
    const { heard } = await collect(signals, 'a');
    server().signal('SIGSTOP');
    for (let n = 0; n < 3 * MAX_UNDER_WAY; n += 1) signals.publish('a', String(n));
    const subscribing = collect(signals, 'b');
    server().signal('SIGCONT');
    const { heard: late } = await subscribing;
    await connected(signals);
    expect(heard).toEqual(Array.from({ length: MAX_UNDER_WAY }, (_signal, n) => String(n)));
    signals.publish('b', 'x');
    await expect.poll(() => late, PATIENCE).toEqual(['x']);
  });

  it('give up a frozen server though nothing is published, and hold up nobody who subscribes', async () => {
    const logger = recordingLogger();
    const signals = await connected(open(at(), logger));
    const { heard } = await collect(signals, 'a');
    server().signal('SIGSTOP');
    try {
      await expect.poll(() => logger.entries.join(), PATIENCE).toMatch(/subscribe.*Socket timeout/);
      await collect(signals, 'b');
    } finally {
      server().signal('SIGCONT');
    }
    await connected(signals);
    signals.publish('a', 'x');
    await expect.poll(() => heard, PATIENCE).toEqual(['x']);
    server().signal('SIGSTOP');
    try {
      await collect(signals, 'c');
    } finally {
      server().signal('SIGCONT');
    }
  });

  it('start without a server, and use it when it comes', async () => {
    await server().kill();
    const signals = open(at());
    const { heard } = await collect(signals, 'a');
    signals.publish('a', 'lost');
    await server().start();
    await connected(signals);
    signals.publish('a', 'x');
    await expect.poll(() => heard, PATIENCE).toEqual(['x']);
  });

  it('say what the server refuses, and go on', async () => {
    await expect.poll(() => raw.ping(), PATIENCE).toBe('PONG');
    await raw.acl('SETUSER', 'narrow', 'on', '>right-secret', 'resetchannels', '&ok:*', '+@all');
    const { host } = new URL(engine.url);
    const logger = recordingLogger();
    const refused = open(`redis://narrow:right-secret@${host}?prefix=no:`, logger);
    await expect
      .poll(async () => {
        refused.publish('a', 'x');
        (await collect(refused, 'a')).stop();
        return logger.entries.filter((entry) => entry.includes('NOPERM')).length;
      }, PATIENCE)
      .toBe(2);
    await connected(open(`redis://narrow:right-secret@${host}?prefix=ok:`, logger));
    expect(logger.entries.join()).not.toContain('secret');
  });
});

describe('the URL of the signals', () => {
  it('is refused where it is none', () => {
    expect(() => open('amqp://host')).toThrow(SluiceError);
  });
});
