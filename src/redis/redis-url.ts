import { SluiceError } from '../core/errors.ts';

/** Where a Redis is, and what keeps us apart from others in it. */
export interface RedisUrl {
  readonly address: RedisAddress;
  /** Comes before every key and every channel. */
  readonly prefix: string;
}

export interface RedisAddress {
  readonly host?: string;
  readonly port?: number;
  /** Of a Unix socket. */
  readonly path?: string;
  /** Verifies the certificate of the server against its name and the authorities that Node.js trusts. */
  readonly tls?: Record<string, never>;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
}

const DEFAULT_PORT = 6379;
const DEFAULT_PREFIX = 'sluice:';
const EXPECTED =
  'redis://[user:password@]host[:port][/database][?prefix=text], rediss:// for TLS, or unix://[user:password@localhost]/path';

/**
 * Reads `redis://`, `rediss://` (TLS) and `unix:` URLs. What is special in a user, a password or a path is
 * percent-encoded.
 * @param what whose URL it is, for the error, which never shows the URL: it may hold a password
 * @throws SluiceError `SLUICE_OPTION_INVALID`
 */
export function parseRedisUrl(text: string, what: string): RedisUrl {
  const refuse = (value: string): never => {
    throw new SluiceError('SLUICE_OPTION_INVALID', { option: what, value, expected: EXPECTED });
  };
  const url = URL.canParse(text) ? new URL(text) : refuse('not a URL');
  const { prefix = DEFAULT_PREFIX, ...others } = Object.fromEntries(url.searchParams);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) refuse(`a URL with the parameter "${unknown}"`);
  const parts = decoded(url) ?? refuse('a URL that is not percent-encoded');
  const place = placeOf(url, parts.path) ?? refuse(`a URL that names no place, or one of "${url.protocol}"`);
  return { address: { ...place, ...parts.credentials }, prefix };
}

function decoded({ pathname, username, password }: URL) {
  try {
    return {
      path: decodeURIComponent(pathname),
      credentials: {
        ...(username === '' ? {} : { username: decodeURIComponent(username) }),
        ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      },
    };
  } catch {
    return undefined;
  }
}

function placeOf({ protocol, hostname, port }: URL, path: string): RedisAddress | undefined {
  if (protocol === 'unix:')
    return ['', 'localhost'].includes(hostname) && path.length > 1 ? { path } : undefined;
  const database = /^\/?(\d{0,4})$/.exec(path)?.[1];
  if (!['redis:', 'rediss:'].includes(protocol) || hostname === '' || database === undefined)
    return undefined;
  return {
    // Only a URL puts an IPv6 address between brackets.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? DEFAULT_PORT : Number(port),
    db: Number(database),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
