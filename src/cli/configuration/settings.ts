import { parseDuration } from '../../core/duration.ts';
import { SluiceError } from '../../core/errors.ts';

/** How one value of the configuration is given and read. */
export interface Setting<T> {
  /** Without the two hyphens; none where the value is a secret, which a list of processes would show. */
  readonly flag?: string;
  readonly env: string;
  /** False where `sluice.config.ts` can not hold it. */
  readonly config: boolean;
  /** As it would be given; none where leaving it out has a meaning of its own, told by `what`. */
  readonly default?: string;
  /** What to put after the flag; none for a switch. */
  readonly takes?: string;
  readonly secret?: boolean;
  readonly what: string;
  /** @throws SluiceError `SLUICE_OPTION_INVALID`, naming `from` */
  readonly parse: (text: string, from: string) => T;
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const MAX_PORT = 65_535;
const QUEUE = /^[a-z][a-z0-9-]{0,62}$/;

/** Every value that can be configured, by its name in `sluice.config.ts`. */
export const SETTINGS = {
  tasks: {
    env: 'SLUICE_TASKS',
    config: true,
    default: 'tasks',
    takes: 'PATH',
    what: 'Folder or file of the tasks, or a project with a folder `tasks`; given as the argument of the command.',
    parse: text,
  },
  port: {
    flag: 'port',
    env: 'SLUICE_PORT',
    config: true,
    default: '7070',
    takes: 'NUMBER',
    what: 'Port of the API; 0 takes a free one.',
    parse: (value, from) => whole(value, from, [0, MAX_PORT]),
  },
  host: {
    flag: 'host',
    env: 'SLUICE_HOST',
    config: true,
    default: '127.0.0.1',
    takes: 'ADDRESS',
    what: 'Address to listen on. One that others can reach needs API keys.',
    parse: text,
  },
  metricsPort: {
    flag: 'metrics-port',
    env: 'SLUICE_METRICS_PORT',
    config: true,
    default: '7071',
    takes: 'NUMBER',
    what: 'Port of /metrics; 0 takes a free one.',
    parse: (value, from) => whole(value, from, [0, MAX_PORT]),
  },
  data: {
    flag: 'data',
    env: 'SLUICE_DATA',
    config: true,
    default: './.sluice',
    takes: 'FOLDER',
    what: 'Folder of the queue and the database, on a local disk.',
    parse: text,
  },
  queues: {
    flag: 'queues',
    env: 'SLUICE_QUEUES',
    config: true,
    takes: 'NAMES',
    what: 'Queues to work on, separated by commas. Default: all that tasks name.',
    parse: names,
  },
  concurrency: {
    flag: 'concurrency',
    env: 'SLUICE_CONCURRENCY',
    config: true,
    default: '50',
    takes: 'NUMBER',
    what: 'Most tasks that run at a time.',
    parse: (value, from) => whole(value, from, [1, 10_000]),
  },
  runners: {
    flag: 'runners',
    env: 'SLUICE_RUNNERS',
    config: true,
    takes: 'NUMBER',
    what: 'Processes that run tasks. Default: one per core.',
    parse: (value, from) => whole(value, from, [1, 1024]),
  },
  grace: {
    flag: 'grace',
    env: 'SLUICE_GRACE',
    config: true,
    default: '30s',
    takes: 'DURATION',
    what: 'How long a shutdown waits for requests and running tasks; what still runs then is handed back.',
    parse: parseDuration,
  },
  shutdownDelay: {
    flag: 'shutdown-delay',
    env: 'SLUICE_SHUTDOWN_DELAY',
    config: true,
    takes: 'DURATION',
    what: 'How long a stopping server serves on, not ready, until balancers have seen it. Default: 2s for `sluice gateway`, else none.',
    parse: parseDuration,
  },
  keys: {
    flag: 'keys',
    env: 'SLUICE_KEYS_FILE',
    config: true,
    takes: 'FILE',
    what: 'File of API keys, one `tenant:key` a line. Default: none, so anyone who can connect may call.',
    parse: text,
  },
  logLevel: {
    flag: 'log-level',
    env: 'SLUICE_LOG_LEVEL',
    config: true,
    default: 'info',
    takes: 'LEVEL',
    what: `The least urgent entry that is logged: ${LOG_LEVELS.join(', ')}.`,
    parse: (value, from) =>
      LOG_LEVELS.find((level) => level === value) ?? refuse(value, from, `one of ${LOG_LEVELS.join(', ')}`),
  },
  requireDurable: {
    flag: 'require-durable',
    env: 'SLUICE_REQUIRE_DURABLE',
    config: true,
    default: 'false',
    what: 'Refuse to start where what is confirmed could be lost with the power; one synced disk is enough.',
    parse: flag,
  },
  queueUrl: {
    env: 'SLUICE_QUEUE_URL',
    config: true,
    takes: 'URL',
    secret: true,
    what: 'RabbitMQ: `amqp://user:password@host:port,host:port/vhost`. Default: embedded, in the data folder.',
    parse: text,
  },
  databaseUrl: {
    env: 'SLUICE_DATABASE_URL',
    config: true,
    takes: 'URL',
    secret: true,
    what: 'PostgreSQL: `postgres://user:password@host:port/database`. Default: embedded, in the data folder.',
    parse: text,
  },
  cacheUrl: {
    env: 'SLUICE_CACHE_URL',
    config: true,
    takes: 'URL',
    secret: true,
    what: 'Redis or Valkey: `redis://host:port`. Default: in this process.',
    parse: text,
  },
  signalsUrl: {
    env: 'SLUICE_SIGNALS_URL',
    config: true,
    takes: 'URL',
    secret: true,
    what: 'Redis or Valkey, for progress and completion. Default: that of the cache.',
    parse: text,
  },
  spool: {
    flag: 'spool',
    env: 'SLUICE_SPOOL',
    config: true,
    takes: 'FOLDER',
    what: 'Where a gateway keeps what the queue does not confirm within half a second. Default: that is refused.',
    parse: text,
  },
  secret: {
    env: 'SLUICE_SECRET',
    config: false,
    takes: 'TEXT',
    secret: true,
    what: 'Signs task ids, at least 32 characters; several, separated by commas, verify. Default: made once and kept in the data folder.',
    parse: list,
  },
  keyList: {
    env: 'SLUICE_KEYS',
    config: false,
    takes: 'TEXT',
    secret: true,
    what: 'API keys themselves, `tenant:key`, separated by commas; used instead of a file.',
    parse: text,
  },
  url: {
    flag: 'url',
    env: 'SLUICE_URL',
    config: false,
    default: 'http://127.0.0.1:7070',
    takes: 'URL',
    what: 'The server that `enqueue` and `tasks` talk to.',
    parse: url,
  },
  key: {
    env: 'SLUICE_KEY',
    config: false,
    takes: 'TEXT',
    secret: true,
    what: 'The API key that `enqueue` and `tasks` send.',
    parse: text,
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** What a setting is once it is read; undefined only where it has no default. */
export type SettingValues = {
  readonly [N in SettingName]:
    | ReturnType<(typeof SETTINGS)[N]['parse']>
    | ((typeof SETTINGS)[N] extends { readonly default: string } ? never : undefined);
};

function refuse(value: string, option: string, expected: string): never {
  throw new SluiceError('SLUICE_OPTION_INVALID', { option, value: JSON.stringify(value), expected });
}

function text(value: string, from: string): string {
  return value === '' ? refuse(value, from, 'not empty') : value;
}

function whole(value: string, from: string, [least, most]: readonly [number, number]): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  return refuse(value, from, `a whole number from ${least} to ${most}`);
}

function flag(value: string, from: string): boolean {
  if (['true', '1'].includes(value)) return true;
  if (['false', '0'].includes(value)) return false;
  return refuse(value, from, 'true or false');
}

function list(value: string, from: string): readonly string[] {
  const parts = value.split(',').map((part) => part.trim());
  return parts.includes('') ? refuse('', from, 'a list without gaps, separated by commas') : parts;
}

function names(value: string, from: string): readonly string[] {
  const parts = list(value, from);
  const bad = parts.find((part) => !QUEUE.test(part));
  return bad === undefined ? parts : refuse(bad, from, 'names of queues, separated by commas');
}

function url(value: string, from: string): URL {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed && ['http:', 'https:'].includes(parsed.protocol)) return parsed;
  return refuse(value, from, 'an address such as http://127.0.0.1:7070');
}
