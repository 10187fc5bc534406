import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { HealthCheck, type HealthReport } from '../../../../src/gateway/http/info/health.ts';
import { fakeClock } from '../../../../src/testing/fake-clock.ts';
import { FakeCache, FakeDatabase, FakeQueue, type Mode } from '../../fakes.ts';

const SECOND = 1000;
const MINUTE = 60_000;
/** Longer than a load balancer is kept waiting, shorter than an engine is given. */
const BETWEEN_MS = 300;

describe('the state of the engines', () => {
  let clock: ReturnType<typeof fakeClock>;
  let engines: { queue: FakeQueue; database: FakeDatabase; cache: FakeCache };
  let check: HealthCheck;
  let asked = 0;

  beforeEach(() => {
    clock = fakeClock();
    engines = { queue: new FakeQueue(), database: new FakeDatabase(), cache: new FakeCache() };
    const counted = { health: () => (asked++, engines.database.health()) };
    asked = 0;
    check = new HealthCheck({ ...engines, database: counted }, clock);
  });

  function all(mode: Mode): void {
    for (const engine of Object.values(engines)) engine.mode = mode;
  }

  /** Timers of one process, and immediates set by them, come in the order of their times, however late. */
  async function reportBefore(ms: number): Promise<HealthReport | 'late'> {
    const late = pause(ms).then(() => immediate('late' as const));
    return Promise.race([check.report(), late]);
  }

  const states = ({ queue, database, cache }: HealthReport): boolean[] => [queue.ok, database.ok, cache.ok];

  it('is asked once a second at most, and told of each', async () => {
    const [first, second] = await Promise.all([check.report(), check.report()]);
    expect([states(first), states(second)]).toEqual([
      [true, true, true],
      [true, true, true],
    ]);
    await check.report();
    expect(asked).toBe(1);
    clock.advance(SECOND);
    all('rejects');
    expect(states(await check.report())).toEqual([false, false, false]);
    expect(asked).toBe(2);
  });

  it('keeps nobody waiting for engines that are frozen, and is told of them soon after', async () => {
    await check.report();
    all('hangs');
    clock.advance(SECOND);
    const meanwhile = await reportBefore(BETWEEN_MS);
    expect(meanwhile).not.toBe('late');
    expect(meanwhile).toMatchObject({ database: { ok: true } });
    await expect.poll(async () => states(await check.report())).toEqual([false, false, false]);
    clock.advance(SECOND);
    expect(await reportBefore(BETWEEN_MS)).toMatchObject({
      queue: { ok: false, durable: false, reason: 'no answer within 500 ms' },
      database: { ok: false },
      cache: { ok: false },
    });
  });

  it('is asked anew, and waited for, where what is known is old', async () => {
    await check.report();
    all('hangs');
    clock.advance(MINUTE);
    expect(states(await check.report())).toEqual([false, false, false]);
  });

  it('does not pile up questions before an engine that is frozen', async () => {
    all('hangs');
    for (let second = 0; second < 3; second += 1) {
      await check.report();
      clock.advance(MINUTE);
    }
    expect(asked).toBe(1);
  });
});
