import { SluiceError } from '../../core/errors.ts';

export interface BrokerNode {
  readonly host: string;
  readonly port: number;
}

/** Paths of PEM files, and the name that the certificate has to bear where it is not the host's. */
export interface TlsSettings {
  readonly caFile: string | undefined;
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
}

/** Everything that the URL says. */
export interface BrokerUrl {
  readonly nodes: readonly BrokerNode[];
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  /** Undefined for `amqp://`, which is not encrypted. */
  readonly tls: TlsSettings | undefined;
  readonly heartbeatSeconds: number;
  /** What the names of all queues begin with. */
  readonly prefix: string;
  /** Bounds of each address. */
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly maxMessageBytes: number;
}

const SHAPE = /^(amqps?):\/\/(?:([^@/?#]*)@)?([^/?#@]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/;
const NODE = /^(\[[\da-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;
const PREFIX = /^[a-z][a-z0-9-]{0,62}$/;
const PORT = { amqp: 5672, amqps: 5671 };
const EXPECTED = 'amqp://user:password@host:port,host:port/vhost, or amqps:// for TLS';
const TLS_PARAMETERS = ['cacertfile', 'certfile', 'keyfile', 'server_name_indication'];
const NUMBERS = {
  // A frozen node is given up after two to three of these, before the publishes that wait for it are.
  heartbeat: 2,
  maxMessages: 5_000_000,
  maxBytes: 8 * 2 ** 30,
  maxMessageBytes: 16 * 2 ** 20,
};

/**
 * Reads `amqp://user:password@host:port,host:port/vhost?...`, every part but the first host being optional. Parameters:
 * `heartbeat` (seconds), `prefix`, `maxMessages`, `maxBytes` and `maxMessageBytes`; with `amqps` also `cacertfile`,
 * `certfile`, `keyfile` and `server_name_indication`.
 * @throws SluiceError `SLUICE_OPTION_INVALID`, which shows nothing of the credentials
 * @see https://www.rabbitmq.com/docs/uri-spec and https://www.rabbitmq.com/docs/uri-query-parameters
 */
export function parseBrokerUrl(url: string): BrokerUrl {
  const match = SHAPE.exec(url);
  if (!match) throw invalid('The URL of the queue', 'malformed', EXPECTED);
  const [, scheme = '', login = '', hosts = '', vhost = '', query = ''] = match;
  const secure = scheme === 'amqps';
  const [user = '', password = ''] = login === '' ? ['guest', 'guest'] : login.split(/:(.*)/s);
  const parameters = new URLSearchParams(query);
  refuseUnknown(parameters, secure);
  return {
    nodes: hosts.split(',').map((host) => parseNode(host, secure ? PORT.amqps : PORT.amqp)),
    user: decoded(user),
    password: decoded(password),
    vhost: vhost === '' ? '/' : decoded(vhost),
    tls: secure ? tlsOf(parameters) : undefined,
    heartbeatSeconds: numberOf(parameters, 'heartbeat'),
    prefix: prefixOf(parameters),
    maxMessages: numberOf(parameters, 'maxMessages'),
    maxBytes: numberOf(parameters, 'maxBytes'),
    maxMessageBytes: numberOf(parameters, 'maxMessageBytes'),
  };
}

/** `host:port`, for people. */
export function nodeName({ host, port }: BrokerNode): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseNode(text: string, defaultPort: number): BrokerNode {
  const [, host, port] = NODE.exec(text) ?? [];
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) {
    // Not shown: without its "@" it would be the password.
    throw invalid('A host in the URL of the queue', 'malformed', 'host or host:port');
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function tlsOf(parameters: URLSearchParams): TlsSettings {
  const given = (name: string): string | undefined => parameters.get(name) ?? undefined;
  return {
    caFile: given('cacertfile'),
    certificateFile: given('certfile'),
    keyFile: given('keyfile'),
    serverName: given('server_name_indication'),
  };
}

function prefixOf(parameters: URLSearchParams): string {
  const prefix = parameters.get('prefix') ?? 'sluice';
  if (PREFIX.test(prefix)) return prefix;
  throw invalid(
    'prefix in the URL of the queue',
    JSON.stringify(prefix),
    'lower-case letters, digits and dashes',
  );
}

function numberOf(parameters: URLSearchParams, name: keyof typeof NUMBERS): number {
  const text = parameters.get(name);
  if (text === null) return NUMBERS[name];
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number > 0 && Number.isSafeInteger(number)) return number;
  throw invalid(`${name} in the URL of the queue`, JSON.stringify(text), 'a whole number above 0');
}

function refuseUnknown(parameters: URLSearchParams, secure: boolean): void {
  const known = [...Object.keys(NUMBERS), 'prefix', ...(secure ? TLS_PARAMETERS : [])];
  for (const name of parameters.keys()) {
    if (!known.includes(name)) {
      throw invalid(
        'A parameter in the URL of the queue',
        JSON.stringify(name),
        `one of ${known.join(', ')}`,
      );
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('The URL of the queue', 'malformed', `${EXPECTED}, with special characters as %xx`);
  }
}

function invalid(option: string, value: string, expected: string): SluiceError {
  return new SluiceError('SLUICE_OPTION_INVALID', { option, value, expected });
}
