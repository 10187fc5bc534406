import { median, round } from '../statistics.ts';
import type { Figures } from '../main.ts';
import type { Role, RoleTimes, MeasuredCluster } from './measured-cluster.ts';

/** What was done in one turn. */
export interface Turn {
  readonly requests: number;
  readonly perSecond: number;
}

/** A turn with what it took, in microseconds on a core per request. */
export type Measured<T extends Turn> = T & { readonly cpuUs: RoleTimes };

export interface Contender<T extends Turn> {
  /** Before each turn, not measured. */
  readonly prepare?: () => Promise<void>;
  readonly turn: () => Promise<T>;
  /** After each turn, not measured: leaves nothing that the next one could feel. */
  readonly clear?: () => Promise<void>;
}

const WARM_UP_ROUNDS = 2;
const MIN_ROUNDS = 3;

/**
 * Gives each contender a turn in every round, so that whatever else this machine does falls on all of them; who was last
 * is first in the next round, so that what a turn leaves behind does, too. Returns the turns of each.
 * @param turnMs about how long a turn takes
 */
export async function inTurn<T extends Turn>(
  cluster: MeasuredCluster,
  contenders: readonly Contender<T>[],
  { seconds, turnMs }: { readonly seconds: number; readonly turnMs: number },
): Promise<Measured<T>[][]> {
  const rounds = Math.max(MIN_ROUNDS, Math.round((seconds * 1000) / turnMs / contenders.length));
  const turns: Measured<T>[][] = contenders.map(() => []);
  let order = contenders.map((contender, at) => ({ contender, turns: turns[at] ?? [] }));
  for (let at = 0; at < WARM_UP_ROUNDS + rounds; at += 1) {
    for (const { contender, turns: ofThis } of order) {
      const turn = await measure(cluster, contender);
      if (at >= WARM_UP_ROUNDS) ofThis.push(turn);
    }
    order = order.toReversed();
  }
  return turns;
}

async function measure<T extends Turn>(
  cluster: MeasuredCluster,
  contender: Contender<T>,
): Promise<Measured<T>> {
  await contender.prepare?.();
  const before = await cluster.cpuTimes();
  const turn = await contender.turn();
  const after = await cluster.cpuTimes();
  await contender.clear?.();
  const roles = Object.keys(before) as (keyof RoleTimes)[];
  const used = roles.map((role) => [role, (after[role] - before[role]) / turn.requests]);
  return { ...turn, cpuUs: Object.fromEntries(used) as RoleTimes };
}

/** What of `theirs` is reached, by the medians of the rounds. */
export function ratio(ours: readonly Turn[], theirs: readonly Turn[]): number {
  return round(median(ours.map(({ perSecond }, at) => perSecond / (theirs[at]?.perSecond ?? 0))));
}

/** The same by what both took on a core, all roles together; it depends less on what else the machine does. */
export function cpuRatio(ours: readonly Measured<Turn>[], theirs: readonly Measured<Turn>[]): number {
  return round(median(ours.map((turn, at) => allCpuUs(theirs[at]) / allCpuUs(turn))));
}

function allCpuUs(turn: Measured<Turn> | undefined): number {
  return Object.values(turn?.cpuUs ?? {}).reduce((sum, us) => sum + us, 0);
}

export function medianOf<T>(turns: readonly T[], value: (turn: T) => number): number {
  return round(median(turns.map(value)));
}

/** How many cores a role had: close to one, a client in JavaScript does all that it can. */
export function cores(turns: readonly Measured<Turn>[], role: Role | 'client'): number {
  return medianOf(turns, ({ perSecond, cpuUs }) => (perSecond * cpuUs[role]) / 1_000_000);
}

/** `<prefix><Role>CpuUs` of each of the roles. */
export function cpuFigures(
  turns: readonly Measured<Turn>[],
  roles: readonly (Role | 'client')[],
  prefix = '',
): Figures {
  return Object.fromEntries(
    roles.map((role) => [
      prefix === '' ? `${role}CpuUs` : `${prefix}${role[0]?.toUpperCase()}${role.slice(1)}CpuUs`,
      medianOf(turns, ({ cpuUs }) => cpuUs[role]),
    ]),
  );
}
