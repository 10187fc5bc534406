import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Breaker } from '../../src/core/breaker.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { recordingLogger } from '../redis/recording-logger.ts';
import { heldUp } from './held-up.ts';

const DEADLINE_MS = 50;
const REST_MS = 1000;
const HOUR = 3_600_000;

/** Somebody who counts what is asked, and answers while not frozen. */
class Server {
  asked = 0;
  frozen = false;

  readonly question = (): Promise<string> => {
    this.asked++;
    return this.frozen ? new Promise(() => undefined) : Promise.resolve('answer');
  };
}

const broken = (): Promise<string> => Promise.reject(new Error('Connection is closed.'));

function setUp(failures = 1) {
  const [clock, logger] = [fakeClock(), recordingLogger()];
  const breaker = new Breaker({ whom: 'the engine', deadlineMs: DEADLINE_MS, failures, clock, logger });
  return { breaker, clock, logger, server: new Server() };
}

/** Lets the time pass that deadlines go by. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a breaker', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('lets all questions through while they are answered', async () => {
    const { breaker, server } = setUp();
    expect(await Promise.all([1, 2, 3].map(() => breaker.ask(server.question)))).toEqual(
      Array.from({ length: 3 }, () => 'answer'),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes one that throws for one that rejects', async () => {
    const { breaker, clock, server } = setUp();
    const thrown = (): Promise<string> => {
      throw new Error('it has no connection');
    };
    expect(await breaker.ask(thrown)).toBeUndefined();
    clock.advance(REST_MS);
    expect(await breaker.ask(thrown)).toBeUndefined();
    clock.advance(REST_MS);
    expect(await breaker.ask(server.question)).toBe('answer');
  });

  it('ends everything under way at the first deadline, and then asks nothing until the rest is over', async () => {
    const { breaker, clock, server } = setUp();
    server.frozen = true;
    const first = breaker.ask(server.question);
    await pass(DEADLINE_MS - 1);
    const late = breaker.ask(server.question);
    await pass(1);
    expect(await Promise.all([first, late])).toEqual([undefined, undefined]);
    clock.advance(REST_MS - 1);
    expect(await breaker.ask(server.question)).toBeUndefined();
    expect(server.asked).toBe(2);
  });

  it('asks one question after each rest, and costs nobody else anything', async () => {
    const { breaker, clock, server } = setUp();
    server.frozen = true;
    void breaker.ask(server.question);
    await pass(DEADLINE_MS);
    for (let period = 1; period <= 3; period += 1) {
      clock.advance(REST_MS);
      const probe = breaker.ask(server.question);
      expect(await breaker.ask(server.question)).toBeUndefined();
      expect(server.asked).toBe(1 + period);
      await pass(DEADLINE_MS);
      expect(await probe).toBeUndefined();
    }
  });

  it('lets all through again once a single question was answered, and says so once', async () => {
    const { breaker, clock, logger, server } = setUp();
    server.frozen = true;
    void breaker.ask(server.question);
    await pass(DEADLINE_MS);
    server.frozen = false;
    clock.advance(REST_MS);
    expect(await breaker.ask(server.question)).toBe('answer');
    expect(await breaker.ask(server.question)).toBe('answer');
    expect(logger.entries).toEqual([
      'warn the engine does not answer; going on without it {"reason":"no answer within 50 ms"}',
      'info the engine answers again {}',
    ]);
  });

  it('opens at once where a question is rejected', async () => {
    const { breaker, server } = setUp();
    expect(await breaker.ask(broken)).toBeUndefined();
    expect(await breaker.ask(server.question)).toBeUndefined();
    expect(server.asked).toBe(0);
    breaker.reset();
    expect(await breaker.ask(server.question)).toBe('answer');
  });

  it('bears failures up to its number, which an answer sets back', async () => {
    const { breaker, logger, server } = setUp(2);
    for (let time = 0; time < 3; time += 1) {
      expect(await breaker.ask(broken)).toBeUndefined();
      expect(await breaker.ask(server.question)).toBe('answer');
    }
    await breaker.ask(broken);
    await breaker.ask(broken);
    expect(await breaker.ask(server.question)).toBeUndefined();
    const reason = '{"reason":"Connection is closed."}';
    expect(logger.entries).toEqual([
      ...Array.from({ length: 4 }, () => `debug the engine has not answered ${reason}`),
      `warn the engine does not answer; going on without it ${reason}`,
    ]);
  });

  it('opens anew when the one question after the rest fails, however many it bears', async () => {
    const { breaker, clock, server } = setUp(2);
    await breaker.ask(broken);
    await breaker.ask(broken);
    clock.advance(REST_MS);
    await breaker.ask(broken);
    expect(await breaker.ask(server.question)).toBeUndefined();
  });

  it('rests no longer when the wall clock is set back', async () => {
    const { breaker, clock, server } = setUp();
    await breaker.ask(broken);
    clock.jump(-HOUR);
    clock.advance(REST_MS - 1);
    expect(await breaker.ask(server.question)).toBeUndefined();
    clock.advance(1);
    expect(await breaker.ask(server.question)).toBe('answer');
  });
});

it('takes an answer that lay unread while this process was held up', async () => {
  const { breaker } = setUp();
  const question = { ms: 2 * DEADLINE_MS, answer: 'answer' };
  expect(await heldUp(question, (ask) => breaker.ask(ask))).toBe('answer');
});
