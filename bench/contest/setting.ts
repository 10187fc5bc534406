import type { Engine } from './engine.ts';
import type { PeersPackage } from './peers-package.ts';

/** What a contender is set up with. */
export interface Setting {
  /** Its own. */
  readonly folder: string;
  readonly peers: PeersPackage;
  /** Starts an engine that is stopped when the bench is over. */
  start(engine: Engine): Promise<Engine>;
}
