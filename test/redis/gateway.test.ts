import { describe, expect, it, onTestFinished } from 'vitest';
import { openRedisCache } from '../../src/cache/redis/redis-cache.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { openRedisSignals } from '../../src/signals/redis/redis-signals.ts';
import { useRedis } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { recordOf } from '../gateway/fakes.ts';
import { INPUT, startGateway, type TestGateway } from '../gateway/start-gateway.ts';

const PATIENCE = { timeout: 30_000 };
/** The discard port: nobody listens there. */
const NOWHERE = 'redis://127.0.0.1:9';

function gatewayOn(url: string): Promise<TestGateway> {
  const basis = { url, logger: silentLogger, random: systemRandom };
  const cache = openRedisCache({ ...basis, clock: systemClock });
  const signals = openRedisSignals(basis);
  onTestFinished(async () => {
    await Promise.all([cache.close(), signals.close()]);
  });
  return startGateway({ cache, signals });
}

/** What a gateway does with the cache and the signals away. */
async function useWithoutRedis(sluice: TestGateway) {
  const { mint, post, get, database } = sluice;
  const [first, second] = [
    await post('resize', INPUT, { 'idempotency-key': 'k' }),
    await post('resize', INPUT),
  ];
  const read = await get(first.headers.get('location') ?? '');
  const id = mint();
  const held = get(`/v1/tasks/${id.text}/result`, { prefer: 'wait=30' });
  const asked = database.gets.length;
  await expect.poll(() => database.gets.length, PATIENCE).toBeGreaterThan(asked);
  database.put(id, { record: recordOf(id, { state: 'succeeded', version: 3 }), result: '7' });
  return { statuses: [first, second, read].map(({ status }) => status), result: await (await held).text() };
}

const WORKING = { statuses: [202, 202, 200], result: '7' };

describe.skipIf(unavailable('redis-server'))('a gateway', () => {
  const engine = useRedis();

  it('works with no Redis at all', async () => {
    expect(await useWithoutRedis(await gatewayOn(NOWHERE))).toEqual(WORKING);
  });

  it('reads in the cache what another gateway has read, and works when Redis freezes', async () => {
    const [one, other] = [await gatewayOn(engine.url), await gatewayOn(engine.url)];
    await expect
      .poll(async () => {
        const id = one.mint();
        one.database.put(id, { record: recordOf(id, { state: 'succeeded', version: 3 }), result: '7' });
        await one.get(`/v1/tasks/${id.text}`);
        return (await other.get(`/v1/tasks/${id.text}/result`)).text();
      }, PATIENCE)
      .toBe('7');
    engine.processes[0]?.signal('SIGSTOP');
    try {
      expect(await useWithoutRedis(other)).toEqual(WORKING);
    } finally {
      engine.processes[0]?.signal('SIGCONT');
    }
  });
});
