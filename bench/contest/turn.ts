import { quantile } from '../statistics.ts';
import { Client, type Load } from './client.ts';
import type { Contender } from './contender.ts';
import { cpuUs } from '../process-tree.ts';
import { type Launch, ServerProcess } from './server-process.ts';

export interface Window {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a task, in all processes of the contender and its engines. */
  readonly cpuUs: number;
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
    const accept = await withServers(accepting, async (client, pids) => {
      await client.accept(WARM_UP_MS, ids);
      return measure([...enginePids, ...pids], () => client.accept(WINDOW_MS, ids));
    });
    const endToEnd = await withServers(working, async (client, pids) => {
      await client.readResults(ids);
      await client.toTheEnd(WARM_UP_MS);
      return measure([...enginePids, ...pids], () => client.toTheEnd(WINDOW_MS));
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

async function measure(pids: readonly number[], load: () => Promise<Load>): Promise<Window> {
  const before = cpuUs(pids);
  const { seconds, latencies } = await load();
  const used = cpuUs(pids) - before;
  return {
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuUs: used / latencies.length,
  };
}
