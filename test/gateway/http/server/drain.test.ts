import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { rawConnection } from '../../raw-connection.ts';
import { INPUT, startGateway } from '../../start-gateway.ts';

const BODY = JSON.stringify(INPUT);
const POST = `POST /v1/tasks/resize HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;
const READY = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n';
/** Longer than any test, so that what ends has not ended by the deadline. */
const LONG_MS = 600_000;

describe('a drain', () => {
  it('finishes what is under way, closes what is idle or silent, and takes no new connection', async () => {
    const { gateway, port, queue, url } = await startGateway();
    const [busy, idle, silent] = await Promise.all([
      rawConnection(port),
      rawConnection(port),
      rawConnection(port),
    ]);
    idle.socket.write(READY);
    await expect.poll(idle.received).toContain('200 OK');
    const release = queue.hold();
    busy.socket.write(POST + BODY);
    await expect.poll(() => gateway.acceptor.inFlight).toBe(1);
    const closed = gateway.close(LONG_MS);
    await Promise.all([idle.closed, silent.closed]);
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
    release();
    await closed;
    await busy.closed;
    expect(busy.received()).toContain('202 Accepted');
    expect(busy.received().toLowerCase()).toContain('connection: close');
  });

  it('says first that it is not ready, and still accepts on connections that live', async () => {
    const { gateway, port, queue } = await startGateway();
    const [ready, late] = await Promise.all([rawConnection(port), rawConnection(port)]);
    // Each has begun a request, so that the drain leaves it alone.
    ready.socket.write(READY.slice(0, 20));
    late.socket.write(POST);
    await expect.poll(() => ready.socket.bytesWritten + late.socket.bytesWritten).toBe(20 + POST.length);
    const other = await rawConnection(port);
    other.socket.write(READY);
    await expect.poll(other.received).toContain('200 OK');
    const closed = gateway.close(LONG_MS);
    ready.socket.write(READY.slice(20));
    late.socket.write(BODY);
    await closed;
    await Promise.all([ready.closed, late.closed]);
    expect(ready.received()).toContain('503 Service Unavailable');
    expect(ready.received()).toContain('"draining":true');
    expect(late.received()).toContain('202 Accepted');
    expect(queue.messages).toHaveLength(1);
  });

  it('answers at once who waits for a task', async () => {
    const { gateway, get, mint, signals } = await startGateway();
    const held = get(`/v1/tasks/${mint().text}`, { prefer: 'wait=60' });
    await expect.poll(() => signals.subscriptions).toBe(1);
    await gateway.close(LONG_MS);
    const response = await held;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toMatchObject({ status: 'queued' });
  });

  it('ends by its deadline, whatever is left', async () => {
    const { gateway, port, queue } = await startGateway();
    queue.hold();
    const [stuck, slow] = await Promise.all([rawConnection(port), rawConnection(port)]);
    stuck.socket.write(POST + BODY);
    slow.socket.write(POST);
    await expect.poll(() => gateway.acceptor.inFlight).toBe(1);
    await gateway.close(50);
    await Promise.all([stuck.closed, slow.closed]);
    expect([stuck.received(), slow.received()]).toEqual(['', '']);
  });
});

describe('a delay before a drain', () => {
  function stopTime(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  }

  it('goes on as before, but that it is not ready, and drains when it is over', async () => {
    stopTime();
    const { gateway, get, mint, post, signals, url } = await startGateway({ shutdownDelayMs: 2000 });
    const held = get(`/v1/tasks/${mint().text}`, { prefer: 'wait=60' });
    await expect.poll(() => signals.subscriptions).toBe(1);
    const closed = gateway.close(LONG_MS);
    for (const ms of [0, 1999]) {
      vi.advanceTimersByTime(ms);
      const ready = await get('/readyz');
      expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, draining: true }]);
      expect((await post('resize', INPUT)).status).toBe(202);
      expect(signals.subscriptions).toBe(1);
    }
    vi.advanceTimersByTime(1);
    expect((await held).status).toBe(200);
    await closed;
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
  });

  it('leaves half of the grace to what is under way', async () => {
    stopTime();
    const { gateway, post, queue, url } = await startGateway({ shutdownDelayMs: 2000 });
    const closed = gateway.close(1000);
    const release = queue.hold();
    const held = post('resize', INPUT);
    await expect.poll(() => gateway.acceptor.inFlight).toBe(1);
    vi.advanceTimersByTime(500);
    const up = (): Promise<boolean> =>
      fetch(`${url}/livez`).then(
        () => true,
        () => false,
      );
    await expect.poll(up).toBe(false);
    vi.advanceTimersByTime(499);
    release();
    expect((await held).status).toBe(202);
    await closed;
  });
});
