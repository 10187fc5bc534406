import { describe, expect, it } from 'vitest';
import { unavailable } from '../packages/unavailable.ts';
import { type Answer, startServers } from './servers.ts';
import { startBalancer } from './start-balancer.ts';

const PATIENCE = { timeout: 30_000 };

const hangUp: Answer = (response) => response.destroy();

function never(): void {
  // Leaves the request without an answer.
}

interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly retryAfter: string | null;
  readonly code: unknown;
}

/** A task without a key, which is never sent twice. */
async function post(url: string): Promise<Told> {
  const response = await fetch(`${url}/v1/tasks/a`, { method: 'POST' });
  const { code } = (await response.json()) as { code: unknown };
  const { headers, status } = response;
  return { status, type: headers.get('content-type'), retryAfter: headers.get('retry-after'), code };
}

describe.skipIf(unavailable('haproxy'))('what a balancer answers by itself is a problem', () => {
  const type = 'application/problem+json';

  it('when the gateway hangs up', async () => {
    const { url } = await startBalancer(await startServers(hangUp));
    const code = 'SLUICE_GATEWAY_LOST';
    expect(await post(url)).toEqual({ status: 502, type, retryAfter: null, code });
  });

  it('when the gateway does not answer', async () => {
    const edit = (text: string): string => text.replace('timeout server 15s', 'timeout server 1s');
    const { url } = await startBalancer({ ...(await startServers(never)), edit });
    const code = 'SLUICE_GATEWAY_TIMEOUT';
    expect(await post(url)).toEqual({ status: 504, type, retryAfter: null, code });
  });

  it('when there is no gateway', async () => {
    const { url } = await startBalancer({ gateways: [{ port: 1 }] });
    const code = 'SLUICE_GATEWAY_UNREACHABLE';
    await expect.poll(() => post(url), PATIENCE).toEqual({ status: 503, type, retryAfter: '1', code });
  });
});
