import { afterAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { parkMs } from '../../src/database/claim-decision.ts';
import { pauseAfter, runsAlone } from '../../src/database/interruption.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { interruptedError } from '../../src/database/task-errors.ts';
import { LEASE_MS } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { claimOf, Gateway, withClient } from './postgres/work-load.ts';

const TIMES = Array.from({ length: 50 }, (_, times) => times);
const PARK = { forMs: 7000, atMostMs: 2 ** 42, reason: { code: 'X', message: 'x' } };

describe.skipIf(unavailable('postgresql'))('what PostgreSQL works out itself', () => {
  const engine = usePostgres();
  const opened: { close(): Promise<void> }[] = [];
  const open = (url: string) => {
    const database = openPostgresDatabase({ url, logger: silentLogger });
    opened.push(database);
    return database;
  };

  afterAll(() => Promise.all(opened.map((database) => database.close())));

  it('is what the other drivers get from the contract', async () => {
    const url = ownSchema(engine);
    await open(url).counts();
    const schema = schemaOf(url);
    const rows = await withClient(engine.url, async (client) => {
      const answer = await client.query<Record<string, unknown>>(
        `SELECT ${schema}.pause_after(n)::float8 AS pause, ${schema}.park_ms(${PARK.forMs}, ${PARK.atMostMs}, n)::float8 AS park,
           ${schema}.runs_alone(0, n) AS interrupted, ${schema}.runs_alone(n, 0) AS crashed
         FROM generate_series(0, ${TIMES.length - 1}) n ORDER BY n`,
      );
      return answer.rows;
    });
    expect(rows).toEqual(
      TIMES.map((times) => ({
        pause: pauseAfter(times),
        park: parkMs(PARK, times),
        interrupted: runsAlone({ crashes: 0, interruptions: times }),
        crashed: runsAlone({ crashes: times, interruptions: 0 }),
      })),
    );
  });

  it('is told in the error of a run that was recovered', async () => {
    const database = open(ownSchema(engine));
    const gateway = new Gateway();
    await database.claim([claimOf(gateway.accept())], { holder: 'worker', durationMs: LEASE_MS });
    const [record] = await database.recover({ limit: 1, interruptionLimit: 5, all: true });
    expect(record).toMatchObject({ interruptions: 1, error: interruptedError(1, true) });
  });
});
