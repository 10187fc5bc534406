import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SluiceConfig } from '../core/config.ts';
import type { Member } from './member.ts';

export interface SluiceProcessOptions {
  readonly name: string;
  readonly role: 'gateway' | 'worker';
  /** What `sluice build` wrote. */
  readonly tasks: string;
  /** Of the API; a worker has none. */
  readonly port: number;
  readonly metricsPort: number;
  /** Of a gateway: folder for what the queue does not confirm in time. */
  readonly spool?: string | undefined;
  /** Where the engines are, and what all processes share. */
  readonly env: Readonly<Record<string, string>>;
  /** What it is configured by, and the file that tells it. Default: the `sluice.config.ts` of the current folder. */
  readonly configuration?: { readonly file: string; readonly values: SluiceConfig };
}

/** That of the runners, which they choose themselves. */
const WORKER_NICENESS = 5;
const COMMAND_LINE = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** A gateway or a worker, as `sluice gateway` and `sluice worker` run it. */
export function sluiceProcess(options: SluiceProcessOptions): Member {
  const { name, role, tasks, port, metricsPort, spool, env, configuration } = options;
  // On one machine, work waits in the queue rather than keep others from being accepted.
  const standsBack = role === 'worker' ? { niceness: WORKER_NICENESS } : {};
  const listens = role === 'gateway' ? port : metricsPort;
  const flags = [
    '--metrics-port',
    String(metricsPort),
    ...(role === 'gateway' ? ['--port', String(port)] : []),
    ...(spool === undefined ? [] : ['--spool', spool]),
    ...(configuration ? ['--config', configuration.file] : []),
  ];
  return {
    name,
    port: listens,
    stopSignal: 'SIGTERM',
    async prepare() {
      if (!configuration) return;
      await mkdir(dirname(configuration.file), { recursive: true });
      await writeFile(configuration.file, `export default ${JSON.stringify(configuration.values)};\n`);
    },
    launch: () => ({
      command: process.execPath,
      args: [COMMAND_LINE, role, tasks, ...flags],
      env,
      ...standsBack,
    }),
    async probe() {
      const { status } = await fetch(`http://127.0.0.1:${listens}/readyz`, {
        signal: AbortSignal.timeout(1000),
      });
      if (status !== 200) throw new Error(`/readyz answers ${status}`);
    },
  };
}
