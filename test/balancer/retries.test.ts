import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unavailable } from '../packages/unavailable.ts';
import { type Balancer, startBalancer } from './start-balancer.ts';
import { accept, type Answer, die, firstDies, startServers } from './servers.ts';

const PATIENCE = { timeout: 30_000 };
const KEYED = { 'idempotency-key': 'k' };

function send(
  { url }: Balancer,
  method: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<number> {
  const init = body === undefined ? { method, headers } : { method, headers, body };
  return fetch(`${url}/v1/tasks/hello`, init).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => 0,
  );
}

describe.skipIf(unavailable('haproxy'))('a balancer before two gateways', () => {
  it.each([
    ['POST', KEYED, '{"a":1}'],
    ['GET', {}, undefined],
    ['HEAD', {}, undefined],
  ])('sends a %s again to the other one when one dies with it', async (method, headers, body) => {
    const { gateways, received } = await startServers(firstDies);
    const balancer = await startBalancer({ gateways });
    expect(await send(balancer, method, headers, body)).toBe(202);
    expect(received.map((one) => one.body)).toEqual([body ?? '', body ?? '']);
    expect(new Set(received.map(({ by }) => by)).size).toBe(2);
  });

  it.each([
    ['POST', {}],
    ['DELETE', KEYED],
  ])('never sends a %s again that could do harm twice', async (method, headers) => {
    const { gateways, received } = await startServers(firstDies);
    const balancer = await startBalancer({ gateways });
    expect(await send(balancer, method, headers)).toBe(502);
    expect(received).toHaveLength(1);
  });

  it('sends again what came in pieces', async () => {
    const { gateways, received } = await startServers(firstDies);
    const { port } = await startBalancer({ gateways });
    const client = connect({ port, host: '127.0.0.1' });
    client.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIdempotency-Key: k\r\n');
    client.write('Content-Length: 8\r\n\r\n{"a"');
    await pause(50);
    client.write(':42}');
    expect(await text(client)).toMatch(/^HTTP\/1\.1 202 /);
    expect(received.map(({ body }) => body)).toEqual(['{"a":42}', '{"a":42}']);
  });

  it.each([
    { often: 'once', through: 'its buffer', options: {}, status: 502, times: 1 },
    { often: 'again', through: 'a larger one', options: { retryBytes: 262_144 }, status: 202, times: 2 },
  ])('sends what is larger than 16 KiB $often, through $through', async ({ options, status, times }) => {
    const { gateways, received } = await startServers(firstDies);
    const balancer = await startBalancer({ gateways, ...options });
    expect(await send(balancer, 'POST', KEYED, 'x'.repeat(200_000))).toBe(status);
    expect(received.map(({ body }) => body.length)).toEqual(Array.from({ length: times }, () => 200_000));
  });

  it('sends nothing again for ever', async () => {
    const { gateways, received } = await startServers(die);
    const balancer = await startBalancer({ gateways });
    expect(await send(balancer, 'POST', KEYED)).toBe(502);
    expect(received).toHaveLength(3);
  });

  it('loses no request when a gateway takes no more connections, with a key or without', async () => {
    const { gateways, received, close } = await startServers(accept);
    const balancer = await startBalancer({ gateways });
    close(0);
    const statuses = await Promise.all(Array.from({ length: 50 }, () => send(balancer, 'POST', {}, '{}')));
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(new Set(received.map(({ by }) => by))).toEqual(new Set([1]));
  });

  it('asks nothing of a gateway that does not say that it is ready', async () => {
    const { gateways, received, readiness } = await startServers(accept);
    const balancer = await startBalancer({ gateways });
    readiness[0] = undefined;
    await expect
      .poll(async () => {
        const before = received.length;
        for (let n = 0; n < 20; n += 1) await send(balancer, 'POST', {}, '{}');
        return new Set(received.slice(before).map(({ by }) => by));
      }, PATIENCE)
      .toEqual(new Set([1]));
  });

  it('loses nothing that may be sent again while a gateway drains, then nothing at all, and takes it back', async () => {
    const drained: Answer = (response, one, nth) => {
      if (one.by === 0 && readiness[0] === 503) response.writeHead(503).end();
      else accept(response, one, nth);
    };
    const { gateways, received, readiness } = await startServers(drained);
    const balancer = await startBalancer({ gateways });
    readiness[0] = 503;
    const refused = () => received.filter(({ by }) => by === 0).length;
    const statuses = new Set<number>();
    // Until it is known to drain: several in a row come past it.
    for (let past = 0; past < 20; past += 1) {
      const before = refused();
      statuses.add(await send(balancer, 'POST', KEYED, '{}'));
      statuses.add(await send(balancer, 'GET'));
      if (refused() > before) past = 0;
      await pause(20);
    }
    const before = refused();
    const unkeyed = await Promise.all(Array.from({ length: 50 }, () => send(balancer, 'POST', {}, '{}')));
    expect([...statuses, ...unkeyed].filter((status) => status !== 202)).toEqual([]);
    expect(refused()).toBe(before);
    readiness[0] = 200;
    await expect
      .poll(async () => {
        expect(await send(balancer, 'POST', {}, '{}')).toBe(202);
        return refused();
      }, PATIENCE)
      .toBeGreaterThan(before);
  });

  it('asks all of them when none says that it is ready in time: busy is not dead', async () => {
    const { gateways, received, readiness } = await startServers(accept);
    const balancer = await startBalancer({ gateways });
    readiness.fill(undefined);
    const log = (): string => readFileSync(join(balancer.folder, 'balancer.log'), 'utf8');
    await expect.poll(log, PATIENCE).toMatch(/gateway-1 is DOWN/);
    await expect.poll(log, PATIENCE).toMatch(/gateway-2 is DOWN/);
    const before = received.length;
    const statuses = await Promise.all(Array.from({ length: 50 }, () => send(balancer, 'POST', {}, '{}')));
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(new Set(received.slice(before).map(({ by }) => by))).toEqual(new Set([0, 1]));
  });
});
