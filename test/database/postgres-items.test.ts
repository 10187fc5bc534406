import { afterAll, describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import type { Message } from '../../src/core/message.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { claimOf, Gateway, idOf } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };
const NUL = '\0';
const HALF_A_CHARACTER = '\ud83d';

const UNSTORABLE: Readonly<Record<string, Partial<Message>>> = {
  'NUL in a tag': { tags: [NUL] },
  'half a character in a tag': { tags: [HALF_A_CHARACTER] },
  'NUL in the tenant': { tenant: `a${NUL}` },
  'a concurrency key too long for an index': { concurrencyKey: longText(), concurrencyLimit: 1 },
  'a lane that is no number of the database': { lane: 2 ** 40 },
};

/** Long, and not to be compressed. */
function longText(): string {
  return Array.from({ length: 3000 }, () => crypto.randomUUID()).join('');
}

describe.skipIf(unavailable('postgresql'))('what PostgreSQL can not store', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  const database = () => (opened ??= openPostgresDatabase({ url: engine.url, logger: silentLogger }));
  let opened: ReturnType<typeof openPostgresDatabase> | undefined;

  afterAll(() => opened?.close());

  it.each(Object.entries(UNSTORABLE))('fails the batch for it, and alone: %s', async (_what, fields) => {
    const [before, bad, after] = [gateway.accept(), gateway.accept(fields), gateway.accept()];
    const batch = [before, bad, after].map(claimOf);
    for (const claims of [batch, [claimOf(bad)]]) {
      const error: unknown = await database()
        .claim(claims, LEASE)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(SluiceError.is(error, 'SLUICE_DATABASE_UNAVAILABLE')).toBe(false);
    }
    expect(await database().claim([before, after].map(claimOf), LEASE)).toMatchObject([
      { kind: 'run' },
      { kind: 'run' },
    ]);
  });

  it('is kept all the same in errors, in progress and in bodies, as it came', async () => {
    const text = `${NUL} ${HALF_A_CHARACTER} \\u0000 \\ " ' {1,2} \u2028`;
    const input = JSON.stringify({ text });
    const message = gateway.accept({ input });
    await database().claim([claimOf(message)], LEASE);
    const progress = { fraction: 0.5, detail: { [text]: text, nothing: null } };
    await database().extend([{ id: message.id, run: 1, progress }], LEASE);
    const error = { code: text, message: text, stack: text };
    const [result] = await database().settle([
      { id: message.id, run: 1, outcome: { kind: 'retry', error, afterMs: 0 } },
    ]);
    expect(result).toMatchObject({ kind: 'settled', record: { error, progress } });
    expect(await database().get([idOf(message)])).toMatchObject([{ record: { error, progress } }]);
    expect(await database().due(1)).toMatchObject({
      tasks: [{ id: message.id, body: claimOf(message).body }],
    });
  });

  it('is no text of a result, whatever JSON the handler returned', async () => {
    const message = gateway.accept();
    await database().claim([claimOf(message)], LEASE);
    const result = JSON.stringify({ [NUL]: [HALF_A_CHARACTER, '\\u0000', '😀'] });
    await database().settle([
      { id: message.id, run: 1, outcome: { kind: 'succeeded', result, followUps: [] } },
    ]);
    expect(await database().get([idOf(message)])).toMatchObject([{ result }]);
  });
});
