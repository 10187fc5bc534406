import { describe, it } from 'vitest';
import { databaseConformance } from '../../src/testing/database-conformance.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { postgresUnderTest } from './postgres/postgres-under-test.ts';

describe.skipIf(unavailable('postgresql'))('on a PostgreSQL server', () => {
  const engine = usePostgres();
  databaseConformance({ describe, it }, 'postgres', () => postgresUnderTest(engine));
});
