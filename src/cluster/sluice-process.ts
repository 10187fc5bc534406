import { fileURLToPath } from 'node:url';
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
}

const COMMAND_LINE = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** A gateway or a worker, as `sluice gateway` and `sluice worker` run it. */
export function sluiceProcess(options: SluiceProcessOptions): Member {
  const { name, role, tasks, port, metricsPort, spool, env } = options;
  const listens = role === 'gateway' ? port : metricsPort;
  const flags = [
    '--metrics-port',
    String(metricsPort),
    ...(role === 'gateway' ? ['--port', String(port)] : []),
    ...(spool === undefined ? [] : ['--spool', spool]),
  ];
  return {
    name,
    port: listens,
    stopSignal: 'SIGTERM',
    prepare: () => Promise.resolve(),
    launch: () => ({ command: process.execPath, args: [COMMAND_LINE, role, tasks, ...flags], env }),
    async probe() {
      const { status } = await fetch(`http://127.0.0.1:${listens}/readyz`, {
        signal: AbortSignal.timeout(1000),
      });
      if (status !== 200) throw new Error(`/readyz answers ${status}`);
    },
  };
}
