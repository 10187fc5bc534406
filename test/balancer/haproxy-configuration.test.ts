import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BalancerOptions, haproxyConfiguration } from '../../src/balancer/haproxy-configuration.ts';
import { unavailable } from '../packages/unavailable.ts';

const LISTEN = { host: '127.0.0.1', port: 8080 };
const GATEWAY = { host: '10.0.0.1', port: 7070 };

/** What HAProxy says of a configuration. */
function check(configuration: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configuration);
  const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

describe.skipIf(unavailable('haproxy'))('the configuration of HAProxy', () => {
  it.each<[string, BalancerOptions]>([
    ['one gateway', { listen: LISTEN, gateways: [GATEWAY] }],
    [
      'IPv6 and names',
      {
        listen: { host: '::', port: 80 },
        gateways: [
          { host: '::1', port: 1 },
          { host: 'localhost', port: 2 },
        ],
      },
    ],
    [
      'everything that can be said',
      {
        listen: LISTEN,
        gateways: [GATEWAY, GATEWAY],
        maxConnections: 100,
        retryBytes: 300_000,
        statsSocket: '/tmp/a b.sock',
      },
    ],
  ])('is valid, without a warning, for %s', (_what, options) => {
    expect(check(haproxyConfiguration(options))).toEqual({
      status: 0,
      text: 'Configuration file is valid\n',
    });
  });

  it('is checked by a program that can tell', () => {
    const broken = haproxyConfiguration({ listen: LISTEN, gateways: [GATEWAY] }).replace(
      'retries 2',
      'retires 2',
    );
    expect(check(broken)).toMatchObject({ status: 1, text: expect.stringContaining("'retires'") as string });
  });
});
