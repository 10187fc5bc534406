import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';
import type { Logger } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { task } from '../../src/core/task.ts';
import { type TaskId, TaskIds } from '../../src/core/task-id.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import { buildManifest } from '../../src/manifest/build-manifest.ts';
import { compileManifest } from '../../src/manifest/compiled-manifest.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { FakeCache, FakeDatabase, FakeQueue, FakeSignals } from './fakes.ts';

export const SECRET = 'a secret of at least thirty-two characters';

const resize = task('resize', {
  input: z.object({
    url: z.url(),
    width: z.number().int().min(1).default(200),
    'a/b~c': z.boolean().optional(),
    tags: z.array(z.string()).optional(),
    deep: z.unknown().optional(),
  }),
  output: z.object({ bytes: z.number() }),
  description: 'Makes a picture smaller.',
  run: () => ({ bytes: 1 }),
});
const ledger = task('ledger', {
  input: {
    type: 'object',
    required: ['amount'],
    additionalProperties: false,
    properties: { amount: { type: 'number' } },
  },
  queue: 'money',
  priority: 'high',
  concurrency: { limit: 2 },
  run: () => undefined,
});

export interface TestGateway {
  readonly gateway: Gateway;
  readonly url: string;
  readonly port: number;
  readonly queue: FakeQueue;
  readonly database: FakeDatabase;
  readonly cache: FakeCache;
  readonly signals: FakeSignals;
  readonly ids: TaskIds;
  readonly metrics: Metrics;
  /** Everything that was logged as an error. */
  readonly logged: string[];
  /** Mints an id as a gateway would. */
  readonly mint: (idempotencyKey?: string, content?: readonly string[]) => TaskId;
  readonly post: (task: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
}

export interface TestOptions extends Partial<
  Pick<GatewayOptions, 'apiKeys' | 'basePath' | 'onScheduled' | 'cache' | 'shutdownDelayMs' | 'signals'>
> {
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
}

/** A gateway of two tasks that listens on a port of its own, over fakes, until the test is finished. */
export async function startGateway(options: TestOptions = {}): Promise<TestGateway> {
  const { clock = systemClock, limits, basePath = '', ...rest } = options;
  const [queue, database, cache, signals] = [
    new FakeQueue(),
    new FakeDatabase(),
    new FakeCache(),
    new FakeSignals(),
  ];
  const ids = new TaskIds([SECRET], clock, systemRandom);
  const metrics = new Metrics();
  const logged: string[] = [];
  const compiled = compileManifest(buildManifest([resize, ledger]));
  const silent = (): void => undefined;
  const logger: Logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (message, data) => void logged.push(`${message} ${JSON.stringify(data)}`),
  };
  const gateway = await createGateway({
    basePath,
    queue,
    database,
    cache,
    signals,
    ...rest,
    manifest: () => compiled,
    ids,
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    retention: { bodiesMs: 7 * 86_400_000, horizonMs: 90 * 86_400_000 },
    logger,
    metrics,
  });
  onTestFinished(() => gateway.close(0));
  const { url, port } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  return {
    gateway,
    url,
    port,
    queue,
    database,
    cache,
    signals,
    ids,
    metrics,
    logged,
    mint: (idempotencyKey, content = []) =>
      ids.mint({ tenant: 'default', task: 'resize', idempotencyKey, content }),
    post: (name, body, headers = {}) =>
      fetch(`${url}${basePath}/v1/tasks/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    get: (path, headers = {}) => fetch(`${url}${basePath}${path}`, { headers }),
  };
}

export const INPUT = { url: 'https://example.com/a.png' };
