import { join } from 'node:path';
import { haproxyConfiguration } from '../balancer/haproxy-configuration.ts';
import type { SluiceConfig } from '../core/config.ts';
import { haproxy } from './engines/haproxy.ts';
import { postgres, postgresUrl } from './engines/postgres.ts';
import { epmd, rabbitmq, type RabbitmqOptions } from './engines/rabbitmq.ts';
import { redis } from './engines/redis.ts';
import type { Member } from './member.ts';
import { sluiceProcess } from './sluice-process.ts';
import type { SharedSecrets } from './shared-secrets.ts';

/** What whoever starts a cluster configures of its gateways and workers; all else is up to the cluster. */
export type MemberSettings = Pick<SluiceConfig, 'concurrency' | 'runners' | 'logLevel'>;

export interface TopologyOptions {
  /** Holds all that the members keep. */
  readonly folder: string;
  /** What `sluice build` wrote. */
  readonly tasks: string;
  /** The first of the ports, all on loopback: the load balancer's. */
  readonly port: number;
  readonly secrets: SharedSecrets;
  /** Each gateway keeps on its disk what the queue does not confirm in time. */
  readonly spool: boolean;
  readonly settings?: MemberSettings;
}

/** What a topology on one machine consists of. */
export interface Topology {
  /** Members that need one another, those first that others need. */
  readonly tiers: readonly (readonly Member[])[];
  readonly ports: readonly number[];
  /** Where a client finds the API. */
  readonly url: string;
  /** Where a gateway or a worker finds the engines. */
  readonly env: Readonly<Record<string, string>>;
  readonly gateways: readonly Member[];
  readonly workers: readonly Member[];
  readonly balancer: Member;
}

/** How long a gateway or a worker that is asked to end waits for what runs; all of its end takes less than `STOP_MS`. */
export const MEMBER_GRACE_MS = 10_000;

const LOOPBACK = '127.0.0.1';
const QUEUE_NODES = 3;
const GATEWAYS = 2;
const WORKERS = 2;

/** The production topology on loopback: a load balancer, gateways, a replicated queue, workers, database and cache. */
export function topologyOf(options: TopologyOptions): Topology {
  const { folder, tasks, port, secrets, spool, settings } = options;
  const ports = portsFrom(port);
  const queue: RabbitmqOptions = {
    folder,
    epmdPort: ports.take(),
    cookie: secrets.cookie,
    nodes: many(QUEUE_NODES, () => ({ port: ports.take(), distributionPort: ports.take() })),
  };
  const databasePort = ports.take();
  const cachePort = ports.take();
  const env = {
    SLUICE_QUEUE_URL: `amqp://guest:guest@${queue.nodes.map((node) => `${LOOPBACK}:${node.port}`).join(',')}`,
    SLUICE_DATABASE_URL: postgresUrl(databasePort, secrets.password),
    SLUICE_CACHE_URL: `redis://${LOOPBACK}:${cachePort}`,
    SLUICE_SIGNALS_URL: `redis://${LOOPBACK}:${cachePort}`,
    SLUICE_SECRET: secrets.secret,
  };
  const process = (role: 'gateway' | 'worker', at: number): Member => {
    const name = `${role}-${at + 1}`;
    return sluiceProcess({
      name,
      role,
      tasks,
      env,
      port: ports.take(),
      metricsPort: ports.take(),
      spool: spool && role === 'gateway' ? join(folder, name, 'spool') : undefined,
      configuration: {
        file: join(folder, name, 'sluice.config.mjs'),
        values: {
          ...settings,
          host: LOOPBACK,
          grace: `${MEMBER_GRACE_MS}ms`,
          data: join(folder, name, 'data'),
        },
      },
    });
  };
  const gateways = many(GATEWAYS, (at) => process('gateway', at));
  const workers = many(WORKERS, (at) => process('worker', at));
  const balancer = haproxy({
    name: 'haproxy',
    folder: join(folder, 'haproxy'),
    port,
    configuration: haproxyConfiguration({
      listen: { host: LOOPBACK, port },
      gateways: gateways.map((gateway) => ({ host: LOOPBACK, port: gateway.port })),
    }),
  });
  const tiers = [
    [
      epmd(queue),
      postgres({
        name: 'postgres',
        folder: join(folder, 'postgres'),
        port: databasePort,
        password: secrets.password,
      }),
      redis({ name: 'redis', folder: join(folder, 'redis'), port: cachePort }),
    ],
    queue.nodes.map((_node, at) => rabbitmq(queue, at)),
    [...gateways, ...workers],
    [balancer],
  ];
  const url = `http://${LOOPBACK}:${port}`;
  return { tiers, env, ports: ports.taken, url, gateways, workers, balancer };
}

function portsFrom(first: number): { take(): number; readonly taken: readonly number[] } {
  const taken = [first];
  return {
    taken,
    take() {
      const next = first + taken.length;
      taken.push(next);
      return next;
    },
  };
}

function many<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_nothing, at) => make(at));
}
