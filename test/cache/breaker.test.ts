import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Breaker } from '../../src/cache/redis/breaker.ts';
import { recordingLogger } from '../redis/recording-logger.ts';

const DEADLINE_MS = 50;
const REST_MS = 1000;

/** A server that counts what it is asked, and answers while it is not frozen. */
class Server {
  asked = 0;
  frozen = false;

  readonly question = (): Promise<string> => {
    this.asked++;
    return this.frozen ? new Promise(() => undefined) : Promise.resolve('answer');
  };
}

async function advance(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('the breaker of the cache', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('lets all questions through while they are answered', async () => {
    const [breaker, server] = [new Breaker(DEADLINE_MS, recordingLogger()), new Server()];
    expect(await Promise.all([1, 2, 3].map(() => breaker.ask(server.question)))).toEqual(
      Array.from({ length: 3 }, () => 'answer'),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends everything under way at the first deadline, and then asks nothing until the rest is over', async () => {
    const [breaker, server] = [new Breaker(DEADLINE_MS, recordingLogger()), new Server()];
    server.frozen = true;
    const first = breaker.ask(server.question);
    await advance(DEADLINE_MS - 1);
    const late = breaker.ask(server.question);
    await advance(1);
    expect(await Promise.all([first, late])).toEqual([undefined, undefined]);
    await advance(REST_MS - 1);
    expect(await breaker.ask(server.question)).toBeUndefined();
    expect(server.asked).toBe(2);
  });

  it('asks one question after each rest, and costs nobody else anything', async () => {
    const [breaker, server] = [new Breaker(DEADLINE_MS, recordingLogger()), new Server()];
    server.frozen = true;
    void breaker.ask(server.question);
    await advance(DEADLINE_MS);
    for (let period = 1; period <= 3; period += 1) {
      await advance(REST_MS);
      const probe = breaker.ask(server.question);
      expect(await breaker.ask(server.question)).toBeUndefined();
      expect(server.asked).toBe(1 + period);
      await advance(DEADLINE_MS);
      expect(await probe).toBeUndefined();
    }
  });

  it('lets all through again once a single question was answered, and says so once', async () => {
    const logger = recordingLogger();
    const [breaker, server] = [new Breaker(DEADLINE_MS, logger), new Server()];
    server.frozen = true;
    void breaker.ask(server.question);
    await advance(DEADLINE_MS + REST_MS);
    server.frozen = false;
    expect(await breaker.ask(server.question)).toBe('answer');
    expect(await breaker.ask(server.question)).toBe('answer');
    expect(logger.entries).toEqual([
      'warn the cache does not answer; going on without it {}',
      'info the cache answers again {}',
    ]);
  });

  it('opens at once where the connection breaks', async () => {
    const [breaker, server] = [new Breaker(DEADLINE_MS, recordingLogger()), new Server()];
    const broken = (): Promise<string> => Promise.reject(new Error('Connection is closed.'));
    expect(await breaker.ask(broken)).toBeUndefined();
    expect(await breaker.ask(server.question)).toBeUndefined();
    expect(server.asked).toBe(0);
    breaker.reset();
    expect(await breaker.ask(server.question)).toBe('answer');
  });
});

it('takes an answer that lay unread while this process was held up', async () => {
  const breaker = new Breaker(DEADLINE_MS, recordingLogger());
  // Read in the phase of the event loop that comes after the timers, as what a socket brings.
  const question = (): Promise<string> =>
    new Promise((resolve) => {
      setImmediate(() => resolve('answer'));
      const until = performance.now() + 2 * DEADLINE_MS;
      while (performance.now() < until);
    });
  expect(await breaker.ask(question)).toBe('answer');
});
