import { SQLITE_DATABASE_MODULE, SqliteDatabase } from '../../src/database/sqlite/sqlite-database.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import type { Queue } from '../../src/queue/queue.ts';
import type { DatabaseUnderTest } from '../../src/testing/database/database-under-test.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { postgresUnderTest } from '../database/postgres/postgres-under-test.ts';
import type { Engine } from '../engines/engine.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';

/** What a life takes place in. */
export interface LifeEngines {
  readonly database: DatabaseUnderTest;
  openQueue(): Promise<Queue>;
  /** Everything that holds the queue and the database in its own process dies. Both are opened again after it. */
  crash(): Promise<void>;
  dispose(): Promise<void>;
}

/** Queue and database in one file. */
export async function embeddedEngines(): Promise<LifeEngines> {
  const folder = await StoreFolder.make([EMBEDDED_QUEUE_MODULE, SQLITE_DATABASE_MODULE]);
  const clock = fakeClock();
  const open = (): SqliteDatabase => new SqliteDatabase({ store: folder.store, clock });
  return {
    database: { database: open(), clock, reopen: async () => open(), dispose: async () => undefined },
    openQueue: () => EmbeddedQueue.open({ store: folder.store }),
    crash: async () => void (await folder.reopen('crash')),
    dispose: () => folder.remove(),
  };
}

/** The database on a server, beside the embedded queue. */
export async function postgresEngines(engine: Engine): Promise<LifeEngines> {
  const folder = await StoreFolder.make([EMBEDDED_QUEUE_MODULE]);
  const database = await postgresUnderTest(engine);
  return {
    database,
    openQueue: () => EmbeddedQueue.open({ store: folder.store }),
    crash: async () => void (await folder.reopen('crash')),
    dispose: async () => {
      await database.dispose();
      await folder.remove();
    },
  };
}
