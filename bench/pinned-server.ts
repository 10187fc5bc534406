import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The core that every server is measured on; the load comes from the other one. */
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** A server in a process of its own, on a core of its own. */
export interface PinnedServer {
  readonly pid: number;
  readonly port: number;
  /** What the server printed beside its port. */
  readonly hello: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Moves this process, which makes the load, away from the servers' core. */
export async function pinLoad(): Promise<void> {
  const taskset = spawn(
    'taskset',
    ['--all-tasks', '--pid', '--cpu-list', String(LOAD_CORE), String(process.pid)],
    {
      stdio: 'ignore',
    },
  );
  await ended(taskset);
}

/** @param name file in `servers/`; it prints one line of JSON with its port when it is ready */
export async function startServer(name: string, args: readonly string[] = []): Promise<PinnedServer> {
  const entry = fileURLToPath(new URL(`./servers/${name}.js`, import.meta.url));
  const child = spawn('taskset', ['--cpu-list', String(SERVER_CORE), process.execPath, entry, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const hello = await firstLine(child);
  return {
    pid: child.pid ?? 0,
    port: Number(hello['port']),
    hello,
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

export async function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
  });
  return JSON.parse(line) as Record<string, unknown>;
}

export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}
