import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { silentLogger } from '../../../src/core/logger.ts';
import type { Database } from '../../../src/database/database.ts';
import { openPostgresDatabase } from '../../../src/database/postgres/postgres-database.ts';
import type { DatabaseUnderTest } from '../../../src/testing/database/database-under-test.ts';
import { fakeClock } from '../../../src/testing/fake-clock.ts';
import type { Engine } from '../../engines/engine.ts';

/** The URL of a schema that nobody else uses. */
export function ownSchema({ url }: Engine): string {
  return `${url}?schema=test_${randomBytes(6).toString('hex')}`;
}

export function schemaOf(url: string): string {
  return new URL(url).searchParams.get('schema') ?? assert.fail('the URL names no schema');
}

/** A database that has a schema of its own in `engine`, and goes by the clock of the test. */
export async function postgresUnderTest(engine: Engine): Promise<DatabaseUnderTest> {
  const clock = fakeClock();
  const url = ownSchema(engine);
  const opened: Database[] = [];
  const open = (): Database => {
    const database = openPostgresDatabase({ url, clock, logger: silentLogger });
    opened.push(database);
    return database;
  };
  return {
    database: open(),
    clock,
    reopen: async (how) => {
      // The server does not notice how its clients end.
      if (how === 'close') await opened.at(-1)?.close();
      return open();
    },
    // No text of PostgreSQL holds it.
    poison: (claim) => ({ ...claim, message: { ...claim.message, tags: ['\0'] } }),
    dispose: async () => void (await Promise.all(opened.map((database) => database.close()))),
  };
}
