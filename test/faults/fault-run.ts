import { RunningCluster, type RunningClusterOptions } from '../cluster/running-cluster.ts';
import { type AcceptFigures, figuresOf, type Span, within } from './accept-figures.ts';
import { withoutSuccess } from './ends.ts';
import { type Accept, OpenLoad } from './open-load.ts';

/** How long the load of one fault is on. */
export const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 60);
/** A shorter run has to pass on a machine that is busy otherwise. */
const FULL = SECONDS >= 60;
export const PER_SECOND = FULL ? 500 : 200;
/** Of those that are lost. */
const SHOWN = 3;

/** A bound of milliseconds, for a full run alone. */
export function latencyBound(ms: number): number {
  return FULL ? ms : Infinity;
}

const loads = new Set<OpenLoad>();

/** Ends the load of a test that failed under it: the next would bear both. */
export async function endLoads(): Promise<void> {
  await Promise.all(Array.from(loads, async (load) => load.stop()));
  loads.clear();
}

/** Share of a run's time. */
const WARM_UP = 1 / 3;

/** A cluster that has worked for a while: processes that have just begun are several times as slow, on two cores. */
export async function warmCluster(options: RunningClusterOptions): Promise<RunningCluster> {
  const cluster = await RunningCluster.up(options);
  const run = new FaultRun(cluster, 'warm-up');
  await run.until(WARM_UP);
  await run.load.stop();
  run.figures('all of it', { from: 0, to: SECONDS });
  await run.losses();
  return cluster;
}

/** The load of one fault, and what became of it. */
export class FaultRun {
  readonly load: OpenLoad;
  readonly #cluster: RunningCluster;
  readonly #name: string;

  /** Begins the load. */
  constructor(cluster: RunningCluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
    this.load = new OpenLoad({
      url: cluster.url,
      perSecond: PER_SECOND,
      name: `${name.replaceAll(/[^a-z0-9]+/g, '-')}-${Date.now()}`,
    });
    loads.add(this.load);
  }

  /** Seconds since the load began. */
  get now(): number {
    return this.load.now / 1000;
  }

  /** Resolves when this share of the load's time is over. */
  async until(share: number): Promise<void> {
    await this.load.until(share * SECONDS);
  }

  /** Prints and returns the figures of a span. */
  figures(what: string, span: Span): AcceptFigures {
    const figures = figuresOf(within(this.load.accepts, span));
    say(`${this.#name}: ${what}`, { ...figures });
    return figures;
  }

  /** The accepts that were not answered 202. */
  get failures(): Accept[] {
    return this.load.accepts.filter(({ status }) => status !== 202);
  }

  /** The first of the tasks that were accepted and do not succeed; resolves when all have ended. */
  async losses(): Promise<string[]> {
    const ids = this.load.accepts.flatMap(({ id }) => id ?? []);
    if (new Set(ids).size !== ids.length) throw new Error('two tasks have the same id');
    const lost = await withoutSuccess(this.#cluster.url, ids);
    say(this.#name, { accepted: ids.length, lost: lost.length });
    return lost.slice(0, SHOWN);
  }
}

/** One line of figures for whoever runs this. */
export function say(what: string, figures: Readonly<Record<string, number | string>>): void {
  const told = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`  ${what}: ${told.join(', ')}\n`);
}
