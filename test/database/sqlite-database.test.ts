import { describe, it } from 'vitest';
import { SQLITE_DATABASE_MODULE, SqliteDatabase } from '../../src/database/sqlite/sqlite-database.ts';
import { databaseConformance } from '../../src/testing/database-conformance.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';

databaseConformance({ describe, it }, 'sqlite', async () => {
  const folder = await StoreFolder.make([SQLITE_DATABASE_MODULE]);
  const clock = fakeClock();
  return {
    database: new SqliteDatabase({ store: folder.store, clock }),
    clock,
    reopen: async (how) => new SqliteDatabase({ store: await folder.reopen(how), clock }),
    dispose: () => folder.remove(),
  };
});
