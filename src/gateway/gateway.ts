import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Cache } from '../cache/cache.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import type { Logger } from '../core/logger.ts';
import type { TaskIds } from '../core/task-id.ts';
import type { Database, Retention } from '../database/database.ts';
import type { CompiledManifest } from '../manifest/compiled-manifest.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Queue } from '../queue/queue.ts';
import type { Signals } from '../signals/signals.ts';
import { type Accepted, Acceptor, type Prepared } from './accept/accept.ts';
import type { ApiKeys } from './accept/api-keys.ts';
import { AcceptRoute } from './http/routes/accept-route.ts';
import { createApp } from './http/app.ts';
import { ControlRoutes } from './http/routes/control-routes.ts';
import { Drain } from './http/server/drain.ts';
import { HealthCheck } from './http/info/health.ts';
import { checkHost, createHttpServer } from './http/server/http-server.ts';
import { IdempotencyHint } from './http/routes/idempotency-hint.ts';
import { InfoRoutes } from './http/routes/info-routes.ts';
import { ReadRoutes } from './http/routes/read-routes.ts';
import { Responder } from './http/exchange/responder.ts';
import { Visitors } from './http/server/visitors.ts';
import { FinishedTasks } from './read/finished-tasks.ts';
import { Lookups } from './read/lookups.ts';
import { QuickCache } from './read/quick-cache.ts';
import { TaskReader } from './read/task-reader.ts';
import { TaskResources } from './read/task-resource.ts';
import { VerifiedIds } from './read/verified-ids.ts';
import { Waits } from './read/waits.ts';

export interface GatewayOptions {
  readonly queue: Pick<Queue, 'publish' | 'depth' | 'health'>;
  readonly database: Pick<Database, 'get' | 'list' | 'cancel' | 'health'>;
  readonly cache: Cache;
  readonly signals: Signals;
  /** The tasks known at the moment; another manifest may be returned at any time. */
  readonly manifest: () => CompiledManifest;
  readonly ids: TaskIds;
  /** Without keys everybody is tenant `default`. */
  readonly apiKeys?: ApiKeys | undefined;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly retention: Pick<Retention, 'bodiesMs' | 'horizonMs'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where the API begins, such as `/jobs`: with a slash before and none behind. */
  readonly basePath?: string | undefined;
  /** Called when a cancel may have made another task due. */
  readonly onScheduled?: (() => void) | undefined;
  /** How long `close` goes on serving first, while `/readyz` says 503, so that a load balancer leaves it out. Default 0. */
  readonly shutdownDelayMs?: number | undefined;
}

/** Where a gateway listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** The HTTP API: takes tasks in, and tells what became of them. */
export interface Gateway {
  /** The parts below the API, for whoever shares the process. */
  readonly acceptor: Acceptor;
  readonly reader: TaskReader;
  /** Accepts what the acceptor has prepared, as a request over HTTP is: a key that was used before counts. */
  accept(prepared: Prepared): Promise<Accepted>;
  /** Answers a request of a server that is not the gateway's own, with or without the base path in its URL. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** @throws SluiceError `SLUICE_PORT_IN_USE` */
  listen(where: { readonly host: string; readonly port: number }): Promise<Listening>;
  /**
   * Finishes what is under way, for `graceMs` milliseconds at most; then nothing of it is left open. At most half of that
   * time goes to the delay before.
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Connections that wait to be taken in; Linux allows 4096 by default (`somaxconn`). With the 511 of Node.js, a gateway that
 * is busy for a second refuses those of a load balancer, which then takes it for dead.
 */
const BACKLOG = 4096;

export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new HttpGateway(options);
  await gateway.start();
  return gateway;
}

class HttpGateway implements Gateway {
  readonly acceptor: Acceptor;
  readonly reader: TaskReader;
  readonly #acceptRoute: AcceptRoute;
  readonly #server: Server;
  readonly #drain: Drain;
  readonly #responder: Responder;
  readonly #waits: Waits;
  readonly #basePath: string;
  readonly #shutdownDelayMs: number;
  readonly #app: FastifyInstance;
  readonly #visitors = new Visitors();
  #draining = false;
  #closed = false;

  constructor(options: GatewayOptions) {
    const { apiKeys, basePath = '', cache, clock, database, ids, limits, logger, signals } = options;
    const quickCache = new QuickCache(cache, clock);
    const resources = new TaskResources(basePath);
    const responder = new Responder(logger, limits.maxBodyBytes, basePath);
    const reader = new TaskReader({
      ...options,
      cache: quickCache,
      lookups: new Lookups(database, clock, logger),
    });
    const waits = new Waits(reader, signals, limits.maxWaits);
    const shared = { resources, responder, reader, waits, limits, database, ids: new VerifiedIds(ids) };
    this.acceptor = new Acceptor(options);
    this.reader = reader;
    this.#responder = responder;
    this.#waits = waits;
    this.#basePath = basePath;
    this.#shutdownDelayMs = options.shutdownDelayMs ?? 0;
    this.#server = createHttpServer(limits, (request, response) => this.#route(request, response));
    this.#drain = new Drain(this.#server);
    this.#acceptRoute = new AcceptRoute({
      ...shared,
      acceptor: this.acceptor,
      hint: new IdempotencyHint(quickCache),
      metrics: options.metrics,
    });
    this.#app = createApp({
      ...shared,
      accept: this.#acceptRoute,
      read: new ReadRoutes({ ...shared, finished: new FinishedTasks(clock) }),
      control: new ControlRoutes({
        ...shared,
        cancel: { ...shared, signals, retention: options.retention, onScheduled: options.onScheduled },
      }),
      info: new InfoRoutes({
        ...shared,
        health: new HealthCheck({ queue: options.queue, database, cache }, clock),
        manifest: options.manifest,
        basePath,
        apiKeys,
        draining: () => this.#draining,
      }),
      apiKeys,
      basePath,
      server: this.#server,
    });
  }

  async start(): Promise<void> {
    await this.#app.ready();
  }

  accept(prepared: Prepared): Promise<Accepted> {
    return this.#acceptRoute.accept(prepared);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#closed) {
      this.#responder.failRaw(request, response, new SluiceError('SLUICE_GATEWAY_DRAINING'));
      return;
    }
    this.#visitors.enter(response);
    request.url = this.#below(request.url ?? '/');
    this.#route(request, response);
  }

  listen({ host, port }: { readonly host: string; readonly port: number }): Promise<Listening> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        const inUse = error.code === 'EADDRINUSE';
        reject(inUse ? new SluiceError('SLUICE_PORT_IN_USE', { host, port, option: '--port' }) : error);
      };
      this.#server.once('error', fail);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off('error', fail);
        const { address, family, port: bound } = this.#server.address() as AddressInfo;
        const name = family === 'IPv6' ? `[${address}]` : address;
        resolve({ host: address, port: bound, url: `http://${name}:${bound}` });
      });
    });
  }

  async close(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#responder.closeConnections();
    const delayMs = Math.min(this.#shutdownDelayMs, graceMs / 2);
    if (delayMs > 0) await pause(delayMs);
    this.#waits.releaseAll();
    const leftMs = graceMs - delayMs;
    const own = this.#server.listening ? this.#drain.run(leftMs) : Promise.resolve();
    await Promise.all([own, this.#visitors.left(leftMs)]);
    this.#closed = true;
    await this.#app.close();
  }

  /** Frameworks take off the path at which they have mounted a handler. */
  #below(url: string): string {
    const mounted = url.startsWith(this.#basePath) && /^(?:[/?]|$)/.test(url.slice(this.#basePath.length));
    return mounted ? url : this.#basePath + url;
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    try {
      checkHost(request);
    } catch (error) {
      this.#responder.failRaw(request, response, error);
      return;
    }
    this.#app.routing(request, response);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
