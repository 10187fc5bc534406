import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unavailable } from '../packages/unavailable.ts';
import { type Balancer, startBalancer } from './start-balancer.ts';
import { accept, type Answer, startServers } from './servers.ts';

const PATIENCE = { timeout: 30_000 };

/** The whole answer to bytes that no HTTP client would send. */
async function raw({ port }: Balancer, bytes: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(bytes);
  return text(socket);
}

function never(): void {
  // Leaves the request without an answer.
}

describe.skipIf(unavailable('haproxy'))('a balancer', () => {
  it('says who asks, and nothing that the client says of it', async () => {
    const { gateways, received } = await startServers(accept);
    const balancer = await startBalancer({ gateways });
    const lies = [
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-For: 7.7.7.7',
      'X-Forwarded-Host: evil',
      'X-Forwarded-Proto: https',
      'Forwarded: for=6.6.6.6',
      'X-Real-IP: 6.6.6.6',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
      'TE: trailers',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'Connection: close, upgrade, authorization',
      'Authorization: Bearer k',
    ];
    await raw(balancer, `GET /a?b=c HTTP/1.1\r\nHost: us\r\n${lies.join('\r\n')}\r\n\r\n`);
    const [{ request } = { request: undefined }] = received;
    expect(request?.url).toBe('/a?b=c');
    expect(request?.headers).toEqual({
      host: 'us',
      authorization: 'Bearer k',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });

  it.each([
    ['a tunnel', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\nConnection: close\r\n\r\n', '405'],
    ['an echo', 'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '405'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', '400'],
  ])('lets no request for %s through', async (_what, bytes, status) => {
    const { gateways, received } = await startServers(accept);
    const answer = await raw(await startBalancer({ gateways }), bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(received).toEqual([]);
  });

  it('lets a gateway see nothing of a client that has not sent its request whole', async () => {
    const { gateways, begun, received } = await startServers(accept);
    const balancer = await startBalancer({ gateways });
    const slow = connect({ port: balancer.port, host: '127.0.0.1' });
    slow.write('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nab');
    for (let n = 0; n < 10; n += 1) await (await fetch(`${balancer.url}/fast`)).arrayBuffer();
    expect(begun).not.toContain('/slow');
    slow.write('cde');
    expect(await text(slow)).toMatch(/^HTTP\/1\.1 202 /);
    expect(received.at(-1)?.body).toBe('abcde');
  });

  it('frees the gateway that holds a request when the client goes away', async () => {
    let freed = false;
    const hold: Answer = (response) => response.once('close', () => (freed = true));
    const { gateways, received } = await startServers(hold);
    const { url } = await startBalancer({ gateways });
    const away = new AbortController();
    const held = fetch(url, { headers: { prefer: 'wait=60' }, signal: away.signal });
    await expect.poll(() => received.length, PATIENCE).toBe(1);
    away.abort();
    await expect(held).rejects.toThrow('aborted');
    await expect.poll(() => freed, PATIENCE).toBe(true);
  });

  it('passes on each event of a stream as it comes', async () => {
    const stream: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
    };
    const { gateways } = await startServers(stream);
    const { port } = await startBalancer({ gateways });
    const request = get({ port, host: '127.0.0.1', path: '/v1/tasks/t/events' });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(String((await once(response, 'data'))[0])).toBe('data: first\n\n');
    request.destroy();
  });

  it('waits for an answer that is held, and sends again what a gateway does not answer', async () => {
    const slow: Answer = (response, { request }, nth) => {
      const { prefer } = request.headers;
      if (prefer === undefined && !request.url?.endsWith('/events') && nth === 1) never();
      else void pause(nth === 1 ? 0 : 2500).then(() => accept(response, { by: 0, request, body: '' }, nth));
    };
    const { gateways, received } = await startServers(slow);
    // As the configuration is, but that a test can wait for it.
    const edit = (configuration: string): string =>
      configuration.replace('timeout server 15s', 'timeout server 1s');
    const balancer = await startBalancer({ gateways, edit });
    const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(balancer.url + path, { method: 'POST', headers })).status;
    expect(await status('/unanswered', { 'idempotency-key': 'k', prefer: 'respond-async' })).toBe(202);
    expect(
      await Promise.all([
        status('/', { prefer: 'respond-async, Wait=60' }),
        status('/v1/tasks/t/events'),
        status('/'),
      ]),
    ).toEqual([202, 202, 504]);
    expect(received.filter(({ request }) => request.url === '/unanswered')).toHaveLength(1);
  });

  it('spreads requests evenly', async () => {
    const { gateways, received } = await startServers(accept);
    const { url } = await startBalancer({ gateways });
    const client = async (): Promise<void> => {
      for (let n = 0; n < 100; n += 1) await (await fetch(url)).arrayBuffer();
    };
    await client();
    await Promise.all(Array.from({ length: 10 }, client));
    const share = received.filter(({ by }) => by === 0).length / received.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  it.each([
    ['the limit of open files', { before: ['prlimit', '--nofile=300'] }, 100, 150],
    ['what it is told', { maxConnections: 200 }, 200, 500],
  ])('has as many connections as %s allows', async (_what, options, least, most) => {
    const { gateways } = await startServers(accept);
    const folder = mkdtempSync(join(tmpdir(), 'sluice stats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const statsSocket = join(folder, 'haproxy.sock');
    const { url } = await startBalancer({ gateways, statsSocket, ...options });
    const socket = connect({ path: statsSocket });
    socket.write('show info\n');
    const connections = Number(/^Maxconn: (\d+)$/m.exec(await text(socket))?.[1]);
    expect(connections).toBeGreaterThanOrEqual(least);
    expect(connections).toBeLessThan(most);
    expect((await fetch(url)).status).toBe(202);
  });

  it('does not count as ready while it is frozen', async () => {
    const { gateways } = await startServers(accept);
    const { process: balancer } = await startBalancer({ gateways });
    balancer.signal('SIGSTOP');
    await expect(balancer.member.probe()).rejects.toThrow('no answer');
    balancer.signal('SIGCONT');
    await expect.poll(() => balancer.member.probe().then(() => true), PATIENCE).toBe(true);
  });

  it('finishes what is under way when it is asked to', async () => {
    let answer: (() => void) | undefined;
    const hold: Answer = (response, one, nth) => {
      answer = () => accept(response, one, nth);
    };
    const { gateways } = await startServers(hold);
    const { url, process: balancer } = await startBalancer({ gateways });
    const held = fetch(url);
    await expect.poll(() => answer, PATIENCE).toBeDefined();
    balancer.signal('SIGUSR1');
    const refused = (): Promise<boolean> =>
      balancer.member.probe().then(
        () => false,
        () => true,
      );
    await expect.poll(refused, PATIENCE).toBe(true);
    expect(balancer.pid).toBeDefined();
    answer?.();
    expect((await held).status).toBe(202);
    await expect.poll(() => balancer.pid, PATIENCE).toBeUndefined();
  });

  it('fails no request when its configuration is changed', async () => {
    const { gateways, received } = await startServers(accept);
    const { url, process: balancer } = await startBalancer({ gateways, flags: ['-W'] });
    const statuses = new Set<number>();
    let over = false;
    const client = async (): Promise<void> => {
      while (!over) statuses.add((await fetch(url, { method: 'POST', body: '{}' })).status);
    };
    const clients = Array.from({ length: 8 }, client);
    for (let reload = 0; reload < 5; reload += 1) {
      const before = received.length;
      balancer.signal('SIGUSR2');
      await expect.poll(() => received.length, PATIENCE).toBeGreaterThan(before + 300);
    }
    over = true;
    await Promise.all(clients);
    expect(statuses).toEqual(new Set([202]));
  });
});
