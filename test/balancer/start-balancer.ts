import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type BalancerOptions, haproxyConfiguration } from '../../src/balancer/haproxy-configuration.ts';
import { haproxy } from '../../src/cluster/engines/haproxy.ts';
import { MemberProcess } from '../../src/cluster/member-process.ts';
import { freePort } from '../engines/free-port.ts';

const READY_MS = 30_000;

export interface Balancer {
  readonly url: string;
  readonly port: number;
  readonly process: MemberProcess;
  readonly folder: string;
}

export interface StartOptions extends Partial<Omit<BalancerOptions, 'gateways'>> {
  readonly gateways: readonly { readonly port: number }[];
  /** Changes the configuration, to have times that a test can wait for. */
  readonly edit?: (configuration: string) => string;
  /** What starts it, such as a shell with limits. */
  readonly before?: readonly string[];
  readonly flags?: readonly string[];
}

/** A HAProxy before servers on this machine, until the test is over. */
export async function startBalancer(options: StartOptions): Promise<Balancer> {
  const { gateways, edit = (text) => text, before = [], flags = [], ...rest } = options;
  const host = '127.0.0.1';
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-balancer-'));
  const configuration = haproxyConfiguration({
    listen: { host, port },
    gateways: gateways.map((gateway) => ({ host, port: gateway.port })),
    ...rest,
  });
  const member = haproxy({ name: 'balancer', folder, port, configuration: edit(configuration) });
  const { command, args } = member.launch();
  const [first = command, ...others] = [...before, command, ...flags, ...args];
  const launch = () => ({ command: first, args: others });
  const process = new MemberProcess({ ...member, launch }, join(folder, 'balancer.log'));
  onTestFinished(async () => {
    await process.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await process.start();
  await process.ready(READY_MS);
  return { url: `http://${host}:${port}`, port, process, folder };
}
