import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { SluiceError, messageOf } from '../../core/errors.ts';

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
/** Parameters that name a file. */
const FILES = ['sslrootcert', 'sslcert', 'sslkey'];

/**
 * Reads a connection URL as libpq does, with several hosts between commas. `schema` and `failover` are ours; the other
 * parameters are those of the library `pg`.
 * @throws SluiceError `SLUICE_OPTION_INVALID`, or `SLUICE_DATABASE_UNUSABLE` where a file that it names can not be read;
 *   neither ever shows the URL: it may hold a password
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
  refuseUnreadable(parameters);
  for (const host of hosts) refuseUnfit(host);
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

/** The library reads them again for each connection, so they can be renewed; what is not there at first is told at once. */
function refuseUnreadable(parameters: URLSearchParams): void {
  for (const [name, file] of parameters) {
    if (!FILES.includes(name) || file === '') continue;
    try {
      readFileSync(file);
    } catch (thrown) {
      const reason = `${name} of its URL names a file that can not be read: ${messageOf(thrown)}`;
      throw new SluiceError('SLUICE_DATABASE_UNUSABLE', { reason }, { cause: thrown });
    }
  }
}

/** The library reads the string when it makes a client, which connects only when it is told to. */
function refuseUnfit(connectionString: string): void {
  try {
    void new Client({ connectionString });
  } catch (thrown) {
    if (thrown instanceof URIError) throw refused('a URL with a %xx that is no UTF-8');
    throw refused(`a URL that can not be used (${messageOf(thrown)})`);
  }
}

function refused(value: string): SluiceError {
  const expected = `${EXPECTED}, with special characters percent-encoded as UTF-8`;
  return new SluiceError('SLUICE_OPTION_INVALID', { option: 'the database URL', value, expected });
}
