import { quantile } from '../statistics.ts';
import { cpuUs } from '../process-tree.ts';
import { Client } from './client.ts';
import type { Contender } from './contender.ts';
import type { Exchange } from './exchange.ts';
import { type Launch, ServerProcess } from './server-process.ts';
import type { SteadyLoad } from './steady-load.ts';

export interface Window {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a task, in all processes of the contender and its engines. */
  readonly cpuUs: number;
  /** GETs for a task. */
  readonly looksPerTask: number;
}

export interface Turn {
  /** POST to 202, with no worker running. */
  readonly accept: Window;
  /** POST to the result read. */
  readonly endToEnd: Window;
}

/** Processes are new in each turn, and have to be compiled by V8 first. */
const WARM_UP_MS = 2000;
export const WINDOW_MS = 2000;

/**
 * A window of either kind for one contender, alone on the machine. Every task that it accepts, in the warm-up too, is
 * worked on and its result read before the turn is over, so nothing is left to do for the time of another.
 */
export async function takeTurn(contender: Contender): Promise<Turn> {
  const { engines, accepting, working } = contender;
  const enginePids = engines.flatMap(({ pids }) => pids);
  for (const engine of engines) engine.thaw();
  try {
    const ids: string[] = [];
    const accept = await withServers(accepting, (client, pids) =>
      measure(client.accept(ids), { client, pids: [...enginePids, ...pids] }),
    );
    const endToEnd = await withServers(working, async (client, pids) => {
      await client.readResults(ids);
      return measure(client.toTheEnd(), { client, pids: [...enginePids, ...pids] });
    });
    return { accept, endToEnd };
  } finally {
    for (const engine of engines) engine.freeze();
  }
}

/** @param launches the first of them is the client's server */
async function withServers<T>(
  launches: readonly Launch[],
  work: (client: Client, pids: readonly number[]) => Promise<T>,
): Promise<T> {
  const servers: ServerProcess[] = [];
  try {
    for (const launch of launches) servers.push(await ServerProcess.start(launch));
    const client = await Client.open(servers[0]?.url ?? '');
    try {
      return await work(
        client,
        servers.map(({ pid }) => pid),
      );
    } finally {
      client.close();
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

interface Measured {
  readonly client: Client;
  readonly pids: readonly number[];
}

/**
 * A window of a load that goes on before and after it, so that as much is under way at its begin as at its end. What was
 * begun in it and ends after it has a latency, too.
 */
async function measure(load: SteadyLoad<Exchange>, measured: Measured): Promise<Window> {
  await load.goOn(WARM_UP_MS);
  const from = countersOf(load, measured);
  await load.goOn(WINDOW_MS);
  const to = countersOf(load, measured);
  await load.stop();
  const tasks = to.tasks - from.tasks;
  const latencies = load.latencies.slice(from.tasks);
  return {
    perSecond: (tasks / (to.atMs - from.atMs)) * 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuUs: (to.cpuUs - from.cpuUs) / tasks,
    looksPerTask: (to.looks - from.looks) / tasks,
  };
}

interface Counters {
  readonly atMs: number;
  readonly tasks: number;
  readonly looks: number;
  readonly cpuUs: number;
}

function countersOf({ latencies }: SteadyLoad<Exchange>, { client, pids }: Measured): Counters {
  return { atMs: performance.now(), tasks: latencies.length, looks: client.looks, cpuUs: cpuUs(pids) };
}
