import { SluiceError } from '../../core/errors.ts';

/** Where the database is. */
export interface PostgresPlace {
  /** A connection string for each host, in the order of the URL. */
  readonly hosts: readonly string[];
  readonly schema: string;
}

const SHAPE =
  /^(?<scheme>postgres(?:ql)?:\/\/)(?<credentials>[^@/?#]*@)?(?<hosts>[^@/?#]*)(?<path>\/[^?#]*)?(?<query>\?[^#]*)?$/;
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const EXPECTED =
  'postgres://[user[:password]@]host[:port][,host[:port]...]/database[?schema=name&sslmode=...]';

/**
 * Reads a connection URL as libpq does, with several hosts between commas. `schema` is ours; the other parameters are
 * those of the library `pg`.
 * @throws SluiceError `SLUICE_OPTION_INVALID`, which never shows the URL: it may hold a password
 */
export function parsePostgresUrl(url: string): PostgresPlace {
  const refuse = (value: string): never => {
    throw new SluiceError('SLUICE_OPTION_INVALID', { option: 'the database URL', value, expected: EXPECTED });
  };
  const { scheme, credentials = '', hosts, path = '', query = '' } = SHAPE.exec(url)?.groups ?? {};
  if (scheme === undefined || hosts === undefined) return refuse('not a URL of PostgreSQL');
  const parameters = new URLSearchParams(query);
  const schema = parameters.get('schema') ?? 'sluice';
  if (!SCHEMA.test(schema)) refuse(`a URL with the schema ${JSON.stringify(schema)}`);
  parameters.delete('schema');
  const rest = parameters.size > 0 ? `?${parameters}` : '';
  const each = hosts.split(',').map((host) => `${scheme}${credentials}${host}${path}${rest}`);
  if (hosts !== '' && each.some((one) => !URL.canParse(one))) refuse('a URL with a host that is none');
  return { hosts: each, schema };
}
