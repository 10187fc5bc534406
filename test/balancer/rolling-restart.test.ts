import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { type GatewayProcess, gatewayProcess } from '../engines/role-process.ts';
import { startBalancer } from './start-balancer.ts';

const PATIENCE = { timeout: 60_000, interval: 100 };
const READY_MS = 60_000;
const ROUNDS = 3;
const CLIENTS = 8;
const BODY = JSON.stringify({ text: 'a' });

/** Posts tasks without a key, one after the other over one connection, until it is told to end. */
class Client {
  readonly failures: string[] = [];
  accepted = 0;
  over = false;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = url;
  }

  async run(): Promise<void> {
    while (!this.over) {
      const status = await this.#post().catch(String);
      if (status === '202') this.accepted += 1;
      else this.failures.push(status);
    }
    this.#agent.destroy();
  }

  async #post(): Promise<string> {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
    const call = request(`${this.#url}/v1/tasks/echo`, { method: 'POST', agent: this.#agent, headers });
    call.end(BODY);
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return String(response.statusCode);
  }
}

describe.skipIf(unavailable('haproxy', 'rabbitmq-server'))('two gateways behind a balancer', () => {
  const engine = useRabbitmq(1);

  it(
    'can be restarted in turn without a failure, even of what is never sent again',
    { timeout: 180_000 },
    async () => {
      const gateways = [
        await gatewayProcess({ SLUICE_QUEUE_URL: engine.url }),
        await gatewayProcess({ SLUICE_QUEUE_URL: engine.url }),
      ];
      await Promise.all(gateways.map(({ process }) => process.start()));
      await Promise.all(gateways.map(({ process }) => process.ready(READY_MS)));
      const { url } = await startBalancer({ gateways });
      await expect.poll(async () => (await fetch(`${url}/livez`)).status, PATIENCE).toBe(200);
      const clients = Array.from({ length: CLIENTS }, () => new Client(url));
      const running = clients.map((client) => client.run());
      const working = ({ metric }: GatewayProcess) =>
        expect.poll(() => metric('sluice_accepted_total'), PATIENCE).toBeGreaterThan(100);
      for (const gateway of gateways) await working(gateway);
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const gateway of gateways) {
          await gateway.process.stop();
          await gateway.process.start();
          await gateway.process.ready(READY_MS);
          await working(gateway);
        }
      }
      for (const client of clients) client.over = true;
      await Promise.all(running);
      expect(clients.flatMap(({ failures }) => failures)).toEqual([]);
    },
  );
});
