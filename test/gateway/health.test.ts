import { describe, expect, it } from 'vitest';
import { ApiKeys } from '../../src/gateway/accept/api-keys.ts';
import { startGateway } from './start-gateway.ts';

const KEY = 'k'.repeat(32);

describe('the health', () => {
  it('is good as long as the process answers, with the state of the engines beside it', async () => {
    const { get, cache, database, queue } = await startGateway();
    expect(await (await get('/livez')).json()).toEqual({ live: true });
    database.mode = 'rejects';
    queue.mode = 'hangs';
    cache.mode = 'rejects';
    const response = await get('/readyz');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      ready: true,
      queue: { ok: false, reason: expect.stringContaining('500 ms') as unknown },
      database: { ok: false },
      cache: { ok: false },
    });
  });

  it('names hosts and users of the engines to nobody without a key, where keys are asked for', async () => {
    const { get, database } = await startGateway({ apiKeys: ApiKeys.parse(`acme:${KEY}`, 'keys') });
    database.mode = 'rejects';
    const told = async (headers: Record<string, string>): Promise<unknown> =>
      ((await (await get('/readyz', headers)).json()) as Record<string, unknown>)['database'];
    for (const headers of [{}, { authorization: `Bearer ${KEY}x` }] as Record<string, string>[])
      expect(await told(headers)).toEqual({ ok: false, durable: false });
    expect(await told({ authorization: `Bearer ${KEY}` })).toMatchObject({
      ok: false,
      reason: expect.any(String) as unknown,
      durability: expect.any(String) as unknown,
    });
  });
});
