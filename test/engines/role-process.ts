import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildTasks } from '../../src/cli/server/build-tasks.ts';
import { MemberProcess } from '../../src/cluster/member-process.ts';
import { sluiceProcess } from '../../src/cluster/sluice-process.ts';
import { echoProject } from '../cli/echo-project.ts';
import { freePort } from './engine.ts';

/** `sluice gateway` with the tasks of `echoProject`, in a process of its own. */
export interface GatewayProcess {
  readonly url: string;
  readonly port: number;
  readonly process: MemberProcess;
  /** What it has logged. */
  readonly log: () => string;
  readonly post: (text: string) => Promise<Response>;
  /** A figure of its /metrics; 0 where there is none yet. */
  readonly metric: (name: string) => Promise<number>;
}

/** The discard port: nobody listens there. */
const NOWHERE = '127.0.0.1:9';
const COMMON = {
  SLUICE_DATABASE_URL: `postgres://nobody:nothing@${NOWHERE}/none`,
  SLUICE_CACHE_URL: `redis://${NOWHERE}`,
  SLUICE_SECRET: 'a secret of at least thirty-two characters',
};

/** A gateway that is not started yet, without a database and a cache; it is killed after the test. */
export async function gatewayProcess(env: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'));
  const tasks = join(folder, 'tasks');
  await buildTasks(join(echoProject(), 'tasks'), tasks);
  const [port, metricsPort] = [await freePort(), await freePort()];
  const logFile = join(folder, 'log');
  const member = sluiceProcess({
    name: 'gateway',
    role: 'gateway',
    tasks,
    port,
    metricsPort,
    env: { ...COMMON, ...env },
  });
  const process = new MemberProcess(member, logFile);
  onTestFinished(async () => {
    await process.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    process,
    log: () => readFileSync(logFile, 'utf8'),
    post: (text) =>
      fetch(`${url}/v1/tasks/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
      }),
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:{.*})? (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
    },
  };
}
