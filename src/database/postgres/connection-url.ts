import { SluiceError } from '../../core/errors.ts';

/** Where the database is. */
export interface PostgresPlace {
  /** A connection string for each host, in the order of the URL. */
  readonly hosts: readonly string[];
  readonly schema: string;
  /** Whether another server may take over; undefined where the URL does not tell. */
  readonly failover: boolean | undefined;
}

const SHAPE =
  /^(?<before>postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)(?<hosts>[^@/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const EXPECTED =
  'postgres://[user[:password]@]host[:port][,host[:port]...]/database[?schema=name&failover=yes|no&sslmode=...]';

/**
 * Reads a connection URL as libpq does, with several hosts between commas. `schema` and `failover` are ours; the other
 * parameters are those of the library `pg`.
 * @throws SluiceError `SLUICE_OPTION_INVALID`, which never shows the URL: it may hold a password
 */
export function parsePostgresUrl(url: string): PostgresPlace {
  const parts = SHAPE.exec(url)?.groups;
  if (!parts) throw refused('not a URL of PostgreSQL');
  const parameters = new URLSearchParams(parts['query']);
  const schema = parameters.get('schema') ?? 'sluice';
  if (!SCHEMA.test(schema)) throw refused(`a URL with the schema ${JSON.stringify(schema)}`);
  const failover = failoverOf(parameters.get('failover'));
  for (const own of ['schema', 'failover']) parameters.delete(own);
  const hosts = hostsOf(parts, parameters.size > 0 ? `?${parameters.toString()}` : '');
  if (hosts.length === 1) return { hosts, schema, failover };
  if (failover === false) throw refused('a URL with several hosts and failover=no');
  return { hosts, schema, failover: true };
}

function failoverOf(value: string | null): boolean | undefined {
  if (value === null) return undefined;
  if (value !== 'yes' && value !== 'no') throw refused(`a URL with failover=${JSON.stringify(value)}`);
  return value === 'yes';
}

function hostsOf({ before = '', hosts = '', path = '' }: Record<string, string>, query: string): string[] {
  const each = hosts.split(',').map((host) => `${before}${host}${path}${query}`);
  // None at all is a socket, which the parameter `host` names.
  if (hosts !== '' && !each.every((one) => URL.canParse(one) && new URL(one).hostname !== '')) {
    throw refused('a URL with a host that is none');
  }
  return each;
}

function refused(value: string): SluiceError {
  return new SluiceError('SLUICE_OPTION_INVALID', { option: 'the database URL', value, expected: EXPECTED });
}
