import { describe, expect, it } from 'vitest';
import { unavailable } from '../packages/unavailable.ts';
import { INPUT, startGateway } from '../gateway/start-gateway.ts';
import { startBalancer } from './start-balancer.ts';

const PATIENCE = { timeout: 30_000 };

describe.skipIf(unavailable('haproxy'))('gateways behind a balancer', () => {
  it('fail no request that carries a key, and no read, while one of them shuts down', async () => {
    const [first, second] = [await startGateway(), await startGateway()];
    const { url } = await startBalancer({ gateways: [first, second] });
    const statuses: number[] = [];
    let over = false;
    const client = async (name: number): Promise<void> => {
      for (let n = 0; !over; n += 1) {
        const headers = { 'content-type': 'application/json', 'idempotency-key': `${name}-${n}` };
        const posted = await fetch(`${url}/v1/tasks/resize`, {
          method: 'POST',
          headers,
          body: JSON.stringify(INPUT),
        });
        const { id } = (await posted.json()) as { id: string };
        const read = await fetch(`${url}/v1/tasks/${id}`);
        await read.arrayBuffer();
        statuses.push(posted.status, read.status);
      }
    };
    const accepted = (gateway: typeof first): number => gateway.queue.messages.length;
    const clients = Array.from({ length: 8 }, (_client, name) => client(name));
    await expect.poll(() => Math.min(accepted(first), accepted(second)), PATIENCE).toBeGreaterThan(50);
    await first.gateway.close(5000);
    const [last, more] = [accepted(first), accepted(second) + 50];
    await expect.poll(() => accepted(second), PATIENCE).toBeGreaterThan(more);
    over = true;
    await Promise.all(clients);
    expect(new Set(statuses)).toEqual(new Set([202, 200]));
    expect(accepted(first)).toBe(last);
  });
});
