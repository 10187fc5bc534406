import { parseEndpoint } from '../../balancer/endpoint.ts';
import { haproxyConfiguration } from '../../balancer/haproxy-configuration.ts';
import { SluiceError } from '../../core/errors.ts';
import { command, commandInvalid } from '../command.ts';

export const balancer = command({
  name: 'balancer',
  what: 'Print the configuration of a HAProxy in front of the gateways.',
  args: {
    gateway: {
      type: 'string',
      valueHint: 'HOST:PORT',
      description: 'A gateway; give it once for each, or several separated by commas.',
    },
    listen: {
      type: 'string',
      default: '127.0.0.1:8080',
      valueHint: 'HOST:PORT',
      description: 'Where clients connect to.',
    },
    'max-connections': {
      type: 'string',
      valueHint: 'NUMBER',
      description:
        'Connections of clients at a time. Default: 10000, or what the limit of open files allows.',
    },
    'retry-bytes': {
      type: 'string',
      valueHint: 'NUMBER',
      description: 'The largest request that can be sent again after a failure. Default: 16384.',
    },
    'stats-socket': {
      type: 'string',
      valueHint: 'FILE',
      description: "Socket for HAProxy's own commands. Default: none.",
    },
  },
  run: async (args, terminal, values) => {
    const gateways = values('gateway')
      .flatMap((text) => text.split(','))
      .map((text) => parseEndpoint(text, '--gateway'));
    if (gateways.length === 0) throw commandInvalid('sluice balancer', 'Name a gateway with --gateway');
    const maxConnections = whole(args['max-connections'], '--max-connections', [100, 1_000_000]);
    const retryBytes = whole(args['retry-bytes'], '--retry-bytes', [16_384, 16_777_216]);
    const statsSocket = args['stats-socket'];
    const configuration = haproxyConfiguration({
      listen: parseEndpoint(args.listen, '--listen'),
      gateways,
      ...(maxConnections === undefined ? {} : { maxConnections }),
      ...(retryBytes === undefined ? {} : { retryBytes }),
      ...(statsSocket === undefined ? {} : { statsSocket }),
    });
    terminal.data(terminal.json ? JSON.stringify({ configuration }) : configuration.trimEnd());
  },
});

function whole(
  text: string | undefined,
  option: string,
  [least, most]: readonly [number, number],
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const expected = `a whole number from ${least} to ${most}`;
  throw new SluiceError('SLUICE_OPTION_INVALID', { option, value: JSON.stringify(text), expected });
}
