import { expect } from 'vitest';
import type { RunningCluster } from '../cluster/running-cluster.ts';
import { type AcceptFigures, figuresOf, type Span, within } from './accept-figures.ts';
import { allSucceed } from './ends.ts';
import { OpenLoad } from './open-load.ts';

/** How long the load of one fault is on. */
export const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 60);
export const PER_SECOND = 500;

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

  /** Fails when one accept was not answered 202. */
  expectNoneFailed(): void {
    const failed = this.load.accepts.filter(({ status }) => status !== 202);
    expect({ failed: failed.length, such: failed.slice(0, 3) }).toEqual({ failed: 0, such: [] });
  }

  /** Fails when a task that was accepted does not succeed. */
  async expectNoneLost(): Promise<void> {
    const ids = this.load.accepts.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    await allSucceed(this.#cluster.url, ids);
    say(this.#name, { accepted: ids.length, lost: 0 });
  }
}

/** One line of figures for whoever runs this. */
export function say(what: string, figures: Readonly<Record<string, number | string>>): void {
  const told = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`  ${what}: ${told.join(', ')}\n`);
}
