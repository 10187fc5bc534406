import { expect, test } from 'vitest';
import { haproxyConfiguration } from '../../src/balancer/haproxy-configuration.ts';
import { sluice } from './cli.ts';

const host = '127.0.0.1';
const gateways = [
  { host: '10.0.0.1', port: 7070 },
  { host: '::1', port: 7071 },
  { host: 'gateway.internal', port: 7072 },
];

test('prints the configuration for all gateways that are named, one by one or in a list', async () => {
  const named = ['--gateway', '10.0.0.1:7070', '--gateway=[::1]:7071,gateway.internal:7072'];
  const { code, stdout, stderr } = await sluice(['balancer', ...named]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(haproxyConfiguration({ listen: { host, port: 8080 }, gateways }));
});

test('takes what else there is to say', async () => {
  const { stdout } = await sluice(
    [
      ['balancer', '--gateway', '10.0.0.1:7070', '--listen', '[::]:80', '--max-connections', '500'],
      ['--retry-bytes', '300000', '--stats-socket', '/run/haproxy.sock', '--json'],
    ].flat(),
  );
  expect(JSON.parse(stdout)).toEqual({
    configuration: haproxyConfiguration({
      listen: { host: '::', port: 80 },
      gateways: gateways.slice(0, 1),
      maxConnections: 500,
      retryBytes: 300_000,
      statsSocket: '/run/haproxy.sock',
    }),
  });
});

test.each([
  ['no gateway', []],
  ['a gateway without a port', ['--gateway', '10.0.0.1']],
  ['a gap in the list', ['--gateway', '10.0.0.1:7070,']],
  ['a line of its own', ['--gateway', '10.0.0.1:7070\nbind *:80']],
  ['a port that is none', ['--gateway', '10.0.0.1:65536']],
  ['nowhere to listen', ['--gateway', '10.0.0.1:7070', '--listen', '8080']],
  ['no connections', ['--gateway', '10.0.0.1:7070', '--max-connections', '0']],
  ['a buffer smaller than HAProxy needs', ['--gateway', '10.0.0.1:7070', '--retry-bytes', '1']],
  ['a socket that HAProxy would misread', ['--gateway', '10.0.0.1:7070', '--stats-socket', '/run/$X"']],
])('refuses %s, and prints nothing', async (_what, args) => {
  const { code, stdout, stderr } = await sluice(['balancer', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/--gateway|--listen|--max-connections|--retry-bytes|--stats-socket/);
});
