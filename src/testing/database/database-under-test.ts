import type { Claim, Database } from '../../database/database.ts';
import type { FakeClock } from '../fake-clock.ts';

/** A fresh database, alone with its storage. */
export interface DatabaseUnderTest {
  readonly database: Database;
  /** The time the database goes by: nothing moves it but the suite. */
  readonly clock: FakeClock;
  /** Closes the database, or lets it die as a killed process would, and opens the same storage again. */
  readonly reopen: (how: 'close' | 'crash') => Promise<Database>;
  /** Makes of a sound claim one that the engine can not store. Default: one whose id is no id. */
  readonly poison?: (claim: Claim) => Claim;
  dispose(): Promise<void>;
}

export type DatabaseFactory = () => Promise<DatabaseUnderTest>;
