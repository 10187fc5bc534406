import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CONNECTIONS } from './contest/client.ts';
import type { Contender } from './contest/contender.ts';
import { bullmq } from './contest/contenders/bullmq.ts';
import { onPostgres } from './contest/contenders/on-postgres.ts';
import { sluiceEmbedded, sluiceOnEngines } from './contest/contenders/sluice.ts';
import type { Engine } from './contest/engine.ts';
import { installPeers } from './contest/peers-package.ts';
import type { Setting } from './contest/setting.ts';
import { takeTurn, type Turn, type Window, WINDOW_MS } from './contest/turn.ts';
import type { Figures } from './main.ts';
import type { Comparison, Row } from './rows.ts';
import { median, round } from './statistics.ts';
import { withFolder } from './temporary-folder.ts';

const CONTENDERS: readonly ((setting: Setting) => Promise<Contender>)[] = [
  sluiceEmbedded,
  sluiceOnEngines,
  bullmq('everysec'),
  bullmq('always'),
  bullmq('always', 'batched'),
  onPostgres('pg-boss', 'notify'),
  onPostgres('pg-boss', 'notify', 'batched'),
  onPostgres('pg-boss', 'polling', 'batched'),
  onPostgres('graphile-worker'),
  onPostgres('graphile-worker', 'batched'),
];
const LEAST_ROUNDS = 3;

/**
 * The same work by what a user would otherwise build, each contender in turn and alone on the machine: 1 KiB is posted,
 * a handler that does nothing has it, and the result is read over HTTP. `seconds` is the sum of the windows; what has
 * to be made ready and worked off around them takes several times as long.
 */
export function benchPeers(seconds: number): Promise<Comparison> {
  return withFolder(async (folder) => {
    // PostgreSQL runs as another account, which has to get through to its own folder.
    await chmod(folder, 0o711);
    return withContenders(folder, async (contenders, signal) => {
      const turns = contenders.map((): Turn[] => []);
      const rounds = Math.max(LEAST_ROUNDS, Math.round((seconds * 1000) / WINDOW_MS / 2 / contenders.length));
      for (let at = 0; at < rounds; at += 1) {
        for (const [index, contender] of inTurn(contenders, at)) {
          signal.throwIfAborted();
          console.error(`Round ${at + 1} of ${rounds}: ${contender.name}`);
          turns[index]?.push(await takeTurn(contender));
        }
      }
      return { rows: contenders.map((contender, index) => rowOf(contender, turns[index] ?? [])) };
    });
  });
}

/** Whoever goes before another in one round goes after it in the next. */
function inTurn(contenders: readonly Contender[], round: number): [number, Contender][] {
  const order = [...contenders.entries()];
  return round % 2 === 0 ? order : order.toReversed();
}

/** @param work is given a signal that somebody has asked for an early end: engines that stand still would outlive it */
async function withContenders<T>(
  folder: string,
  work: (contenders: readonly Contender[], signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
  const engines: Engine[] = [];
  process.once('exit', () => engines.forEach((engine) => engine.kill()));
  const start = async (engine: Engine): Promise<Engine> => {
    engines.push(engine);
    await engine.start();
    return engine;
  };
  try {
    const peers = installPeers();
    const contenders: Contender[] = [];
    for (const [index, contender] of CONTENDERS.entries()) {
      interrupt.signal.throwIfAborted();
      const own = join(folder, String(index));
      await mkdir(own, { mode: 0o711 });
      contenders.push(await contender({ folder: own, peers, start }));
      for (const engine of engines) engine.freeze();
    }
    return await work(contenders, interrupt.signal);
  } finally {
    await Promise.all(engines.map((engine) => engine.stop()));
  }
}

function rowOf({ name, durability, processes, versions }: Contender, turns: readonly Turn[]): Row {
  const values = (kind: keyof Turn, of: keyof Window): number[] => turns.map((turn) => turn[kind][of]);
  const figure = (kind: keyof Turn, of: keyof Window): number => round(median(values(kind, of)));
  const rates = (title: string, kind: keyof Turn): Figures => ({
    [title]: figure(kind, 'perSecond'),
    [`${title}Least`]: round(Math.min(...values(kind, 'perSecond'))),
    [`${title}Most`]: round(Math.max(...values(kind, 'perSecond'))),
  });
  return {
    contender: name,
    ...rates('acceptedPerSecond', 'accept'),
    acceptP50Ms: figure('accept', 'p50Ms'),
    acceptP99Ms: figure('accept', 'p99Ms'),
    acceptCpuUs: figure('accept', 'cpuUs'),
    ...rates('endToEndPerSecond', 'endToEnd'),
    endToEndP50Ms: figure('endToEnd', 'p50Ms'),
    endToEndP99Ms: figure('endToEnd', 'p99Ms'),
    endToEndCpuUs: figure('endToEnd', 'cpuUs'),
    looksPerTask: figure('endToEnd', 'looksPerTask'),
    rounds: turns.length,
    connections: CONNECTIONS,
    durability,
    processes,
    versions,
  };
}
