import type { Engine } from './engine.ts';
import type { Launch } from './server-process.ts';

/** Somebody's way to accept tasks over HTTP, to work on them and to show their results. */
export interface Contender {
  readonly name: string;
  /** What has happened to a task when it is answered 202. */
  readonly durability: string;
  /** What runs beside the engines when there is work. */
  readonly processes: string;
  readonly versions: string;
  readonly engines: readonly Engine[];
  /** Everything but workers. The first listens. */
  readonly accepting: readonly Launch[];
  /** Everything. The first listens. */
  readonly working: readonly Launch[];
}
