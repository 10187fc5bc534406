import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildTasks } from '../../src/cli/server/build-tasks.ts';
import { MemberProcess } from '../../src/cluster/member-process.ts';
import { sluiceProcess } from '../../src/cluster/sluice-process.ts';
import { echoProject } from '../cli/echo-project.ts';
import { freePort } from './free-port.ts';

/** `sluice gateway` or `sluice worker` with the tasks of `echoProject`, in a process of its own. */
export interface RoleProcess {
  readonly process: MemberProcess;
  /** What it has logged. */
  readonly log: () => string;
  /** A figure of its /metrics; 0 where there is none yet. */
  readonly metric: (name: string) => Promise<number>;
}

export interface GatewayProcess extends RoleProcess {
  readonly url: string;
  readonly port: number;
  readonly post: (text: string) => Promise<Response>;
}

/** The discard port: nobody listens there. */
const NOWHERE = '127.0.0.1:9';
const COMMON = {
  SLUICE_QUEUE_URL: `amqp://${NOWHERE}`,
  SLUICE_DATABASE_URL: `postgres://nobody:nothing@${NOWHERE}/none`,
  SLUICE_CACHE_URL: `redis://${NOWHERE}`,
  SLUICE_SECRET: 'a secret of at least thirty-two characters',
};

/**
 * A gateway that is not started yet; it is killed after the test.
 * @param env settings; an engine that is not named is away
 */
export async function gatewayProcess(env: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    ...(await roleProcess('gateway', port, env)),
    url,
    port,
    post: (text) =>
      fetch(`${url}/v1/tasks/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
      }),
  };
}

/** As `gatewayProcess`. */
export async function workerProcess(env: Readonly<Record<string, string>>): Promise<RoleProcess> {
  return roleProcess('worker', 0, env);
}

async function roleProcess(
  role: 'gateway' | 'worker',
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<RoleProcess> {
  const folder = mkdtempSync(join(tmpdir(), `sluice-${role}-`));
  const tasks = join(folder, 'tasks');
  await buildTasks(join(echoProject(), 'tasks'), tasks);
  const logFile = join(folder, 'log');
  const metricsPort = await freePort();
  const member = sluiceProcess({ name: role, role, tasks, port, metricsPort, env: { ...COMMON, ...env } });
  const process = new MemberProcess(member, logFile);
  onTestFinished(async () => {
    await process.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    process,
    log: () => readFileSync(logFile, 'utf8'),
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:{.*})? (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
    },
  };
}
