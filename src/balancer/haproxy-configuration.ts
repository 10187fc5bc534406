import { SluiceError } from '../core/errors.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { OWN_ANSWERS } from './own-answers.ts';

export interface BalancerOptions {
  /** Where clients connect to. */
  readonly listen: Endpoint;
  readonly gateways: readonly Endpoint[];
  /** Connections of clients at a time; fewer where the limit of open files does not suffice. Default 10,000. */
  readonly maxConnections?: number;
  /** The largest request, headers included, that can be sent again after a failure, in bytes. Default 16 KiB. */
  readonly retryBytes?: number;
  /** Path of a socket for HAProxy's commands. Default: none. */
  readonly statsSocket?: string;
}

const DEFAULT_CONNECTIONS = 10_000;
/** HAProxy's own default. Each request under way takes buffers of this size. */
const DEFAULT_RETRY_BYTES = 16_384;
/** A connection takes one descriptor towards the client and one towards a gateway. */
const DESCRIPTORS_PER_CONNECTION = 2;
/** For listeners, health checks and the threads, of which there is one per core. */
const SPARE_DESCRIPTORS = 500;

/** Longer than the 10 s a gateway waits for the queue. */
const ANSWER = '15s';
/** Longer than the 60 s a request is held at most, and than the 15 s between two signs of life of an event stream. */
const HELD = '75s';

/**
 * The configuration of a HAProxy (2.6 or later) in front of gateways. Whatever fails before a request was sent is tried
 * again; once it was sent, only what does no harm twice: GET, HEAD, and POST with an `Idempotency-Key`.
 * @throws SluiceError `SLUICE_OPTION_INVALID`
 */
export function haproxyConfiguration(options: BalancerOptions): string {
  return [
    '# HAProxy in front of the gateways of Sluice; printed by "sluice balancer".',
    ...section('global', globalLines(options)),
    ...section('defaults', DEFAULTS),
    ...section('frontend clients', [
      `bind ${formatEndpoint(options.listen)}`,
      `maxconn ${options.maxConnections ?? DEFAULT_CONNECTIONS}`,
      ...FRONTEND,
    ]),
    ...section('backend gateways', [
      ...BACKEND,
      ...options.gateways.map(
        (gateway, index) => `server gateway-${index + 1} ${formatEndpoint(gateway)} check`,
      ),
      '# When none of them says that it is ready in time, all are asked all the same: busy is not dead.',
      'option allbackups',
      ...options.gateways.map(
        (gateway, index) => `server gateway-${index + 1}-unchecked ${formatEndpoint(gateway)} backup`,
      ),
    ]),
    '',
  ].join('\n');
}

function section(name: string, lines: readonly string[]): string[] {
  return ['', name, ...lines.map((line) => `  ${line}`)];
}

function globalLines({ maxConnections, retryBytes, statsSocket }: BalancerOptions): string[] {
  const descriptors =
    (maxConnections ?? DEFAULT_CONNECTIONS) * DESCRIPTORS_PER_CONNECTION + SPARE_DESCRIPTORS;
  return [
    'log stdout format raw daemon',
    '# HAProxy takes as many connections as this allows, or the limit of open files where that is lower.',
    `fd-hard-limit ${descriptors}`,
    '# A request that does not fit into a buffer is passed on as it comes, and is never sent again.',
    `tune.bufsize ${retryBytes ?? DEFAULT_RETRY_BYTES}`,
    '# After a reload or SIGUSR1, for what is still under way.',
    `hard-stop-after ${HELD}`,
    ...(statsSocket === undefined ? [] : [`stats socket "${socketPath(statsSocket)}" mode 600 level admin`]),
  ];
}

const DEFAULTS = [
  'mode http',
  'log global',
  '# A client that goes away frees the gateway that holds its request.',
  'option abortonclose',
  '# Failures and retries only, without the query, which may hold what is secret.',
  'option dontlognull',
  'option dontlog-normal',
  'log-format "%ci [%tr] %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc retries=%rc %HM %HPO"',
  'timeout connect 1s',
  '# Three in a row: a gateway, or this machine, that is busy for a while is better than none.',
  'timeout check 2s',
  'timeout http-request 10s',
  '# Shorter than the 72 s after which a gateway closes an idle connection.',
  'timeout http-keep-alive 65s',
  `timeout client ${HELD}`,
  `timeout server ${ANSWER}`,
  '# What no gateway answers is told as they tell it.',
  ...OWN_ANSWERS,
];

const FRONTEND = [
  '# A reload closes no connection on which a client may be sending just now.',
  'option idle-close-on-response',
  '# A tunnel, or an echo of the request, is nothing that a gateway offers.',
  'http-request deny deny_status 405 if { method CONNECT TRACE }',
  '# Says who asks; what the client says of itself is not to be trusted.',
  'http-request del-header X-Forwarded- -m beg',
  'http-request del-header X-Real-IP',
  'http-request del-header Forwarded',
  'http-request set-header X-Forwarded-For %[src]',
  'http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]',
  '# Of the connection to the client only (RFC 9110 section 7.6.1).',
  'http-request del-header Connection',
  'http-request del-header Keep-Alive',
  'http-request del-header Proxy- -m beg',
  'http-request del-header TE',
  'http-request del-header Upgrade',
  'http-request del-header HTTP2-Settings',
  'default_backend gateways',
];

const BACKEND = [
  'balance leastconn',
  '# The whole request is here before a gateway gets it: a slow client holds none, and it can be sent again.',
  'option http-buffer-request',
  'retries 2',
  'option redispatch 1',
  'retry-on conn-failure empty-response response-timeout 503',
  'acl keyed req.hdr(idempotency-key) -m found',
  'http-request disable-l7-retry unless METH_GET || METH_POST keyed',
  'acl held req.hdr(prefer) -i -m sub wait',
  'acl stream path_end /events',
  `http-request set-timeout server ${HELD} if held || stream`,
  'option httpchk',
  'http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host gateway',
  'http-check expect status 200',
  'default-server inter 500ms fastinter 200ms downinter 500ms fall 3 rise 2 observe layer4 error-limit 3 on-error mark-down',
];

/** HAProxy takes what else there may be in a path for something of its own. */
function socketPath(path: string): string {
  if (/^\/[\w ./+,=-]+$/.test(path)) return path;
  throw new SluiceError('SLUICE_OPTION_INVALID', {
    option: '--stats-socket',
    value: JSON.stringify(path),
    expected: 'an absolute path of letters, digits and the characters _ . / + , = - and space',
  });
}
