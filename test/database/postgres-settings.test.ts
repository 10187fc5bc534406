import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { parsePostgresUrl } from '../../src/database/postgres/connection-url.ts';
import { promiseOf } from '../../src/database/postgres/durability.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';

describe('the URL of a PostgreSQL server', () => {
  it.each([
    ['postgres://host/db', ['postgres://host/db'], 'sluice', undefined],
    ['postgresql://u:p%40ss@host:5433/db', ['postgresql://u:p%40ss@host:5433/db'], 'sluice', undefined],
    [
      'postgres://u:p@a:1,b:2,[::1]:3/db',
      ['postgres://u:p@a:1/db', 'postgres://u:p@b:2/db', 'postgres://u:p@[::1]:3/db'],
      'sluice',
      true,
    ],
    ['postgres://a,b/db?schema=tasks', ['postgres://a/db', 'postgres://b/db'], 'tasks', true],
    [
      'postgres://a/db?sslmode=verify-full&schema=t_1',
      ['postgres://a/db?sslmode=verify-full'],
      't_1',
      undefined,
    ],
    ['postgres:///db?host=%2Fvar%2Frun', ['postgres:///db?host=%2Fvar%2Frun'], 'sluice', undefined],
    ['postgres://a/db?failover=no', ['postgres://a/db'], 'sluice', false],
    ['postgres://a/db?failover=yes', ['postgres://a/db'], 'sluice', true],
  ])('%s names its hosts and its schema, and may tell of a failover', (url, hosts, schema, failover) => {
    expect(parsePostgresUrl(url)).toEqual({ hosts, schema, failover });
  });

  it.each([
    'mysql://u:secret@host/db',
    'postgres://u:secret@host:port/db',
    'postgres://u:secret@host,/db',
    'postgres://u:secret@host/db?schema=Robert"',
    'postgres://u:secret@host/db?schema=',
    'postgres://u:secret@host/db?failover=maybe',
    'postgres://u:secret@a,b/db?failover=no',
    'postgres://u:secret%e9@host/db',
    'postgres://secr%e9t@host/db',
    'postgres://u:secret@host/d%e9b',
    'postgres://u:secret@a,b%e9/db',
    'postgres://u:secret@host/db?uselibpqcompat=true&sslmode=verify-ca',
    'postgres://u:secret@host/db?sslnegotiation=maybe',
    'secret',
    '',
  ])('is refused without being shown: %s', (url) => {
    const error = refusalOf(url);
    expect(error).toMatchObject({ code: 'SLUICE_OPTION_INVALID' });
    expect(String(error)).toContain('the database URL');
    expect(String(error)).not.toContain('secret');
  });

  it('has special characters percent-encoded as UTF-8, and says so', () => {
    expect(String(refusalOf('postgres://u:secret%e9@host/db'))).toContain('percent-encoded as UTF-8');
    expect(refusalOf('postgres://u:secret%C3%A9@host/db')).toBeUndefined();
  });

  it.each(['sslrootcert', 'sslcert', 'sslkey'])('is refused where %s can not be read', (name) => {
    for (const [file, reason] of [
      ['nowhere.pem', 'nowhere.pem'],
      [import.meta.dirname, 'EISDIR'],
    ] as const) {
      const error = refusalOf(`postgres://u:secret@host/db?sslmode=verify-full&${name}=${file}`);
      expect(error).toMatchObject({ code: 'SLUICE_DATABASE_UNUSABLE' });
      expect(String(error)).toMatch(new RegExp(`${name} .*${reason}`));
      expect(String(error)).not.toContain('secret');
    }
    expect(refusalOf(`postgres://u:secret@host/db?${name}=${import.meta.filename}`)).toBeUndefined();
  });
});

/** What opening throws; undefined where it takes the URL. */
function refusalOf(url: string): unknown {
  try {
    openPostgresDatabase({ url, logger: silentLogger });
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe('what the settings of a PostgreSQL server promise', () => {
  const sound = {
    fsync: 'on',
    fullPageWrites: 'on',
    synchronousCommit: 'on',
    synchronousStandbys: '',
    standbys: 0,
  };
  const synchronous = { ...sound, synchronousStandbys: 'ANY 1 (a, b)', standbys: 2 };

  it.each([
    ['one server', sound, undefined, true, 'lasts as long as it'],
    ['no fsync', { ...sound, fsync: 'off' }, false, false, 'fsync is off'],
    ['torn pages', { ...sound, fullPageWrites: 'off' }, false, false, 'full_page_writes is off'],
    [
      'commits that are not waited for',
      { ...sound, synchronousCommit: 'off' },
      false,
      false,
      'synchronous_commit is off',
    ],
    [
      'a standby that follows, and nobody says what for',
      { ...sound, standbys: 1 },
      undefined,
      false,
      'a failover can lose the last commits; where none takes over, say failover=no in the URL',
    ],
    ['a standby that takes over nothing', { ...sound, standbys: 1 }, false, true, 'lasts as long as it'],
    [
      'a standby that follows and may take over',
      { ...sound, standbys: 1 },
      true,
      false,
      'a failover can lose the last commits',
    ],
    ['a standby that may take over and is away', sound, true, false, 'a failover can lose'],
    ['synchronous standbys', synchronous, true, true, 'ANY 1 (a, b)'],
    ['synchronous standbys of one host', synchronous, undefined, true, 'ANY 1 (a, b)'],
    [
      'standbys of one host that only write',
      { ...synchronous, synchronousCommit: 'remote_write' },
      undefined,
      false,
      'not synced',
    ],
    [
      'standbys that only write',
      { ...synchronous, synchronousCommit: 'remote_write' },
      true,
      false,
      'not synced',
    ],
    [
      'standbys that are not waited for',
      { ...synchronous, synchronousCommit: 'local' },
      true,
      false,
      'reaches its standbys later',
    ],
  ])('with %s is told in a sentence', (...[, settings, failover, durable, text]) => {
    expect(promiseOf(settings, failover)).toEqual({ durable, text: expect.stringContaining(text) });
  });
});
