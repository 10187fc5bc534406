import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** The tasks of these tests. */
export const TASKS = fileURLToPath(new URL('./tasks.ts', import.meta.url));
const QUIET = ['--port', '0', '--metrics-port', '0', '--log-level', 'error', '--json'];

export interface ServerOptions {
  readonly data: string;
  /** File or folder of the tasks; by default those of these tests. */
  readonly tasks?: string;
  readonly flags?: readonly string[];
  /** Put before the command, such as a tracer. It has to become the command, or to pass signals on. */
  readonly before?: readonly string[];
  /** Runs this instead of `sluice start`; what follows is the same. */
  readonly command?: readonly string[];
}

/** The whole product in processes of its own. It is killed after the test. */
export class Server {
  readonly url: string;
  readonly metricsUrl: string;
  /** Of the server itself, whatever was put before it. */
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #said: () => string;

  private constructor(child: ChildProcess, ready: string, said: () => string) {
    const { url, metricsUrl, pid } = JSON.parse(ready) as Pick<Server, 'url' | 'metricsUrl' | 'pid'>;
    this.url = url;
    this.metricsUrl = metricsUrl;
    this.pid = pid;
    this.#child = child;
    this.#said = said;
  }

  /** Resolves when it is ready; rejects with what it said when it ends instead. */
  static async start(options: ServerOptions): Promise<Server> {
    const child = launch(options);
    onTestFinished(() => end(child, 'SIGKILL').then(() => undefined));
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ready = once(createInterface(child.stdout ?? process.stdin), 'line') as Promise<[string]>;
    const failed = ended(child).then((code) => {
      throw new Error(`it ended with ${code}: ${said}`);
    });
    const [line] = await Promise.race([ready, failed]);
    failed.catch(() => undefined);
    return new Server(child, line, () => said);
  }

  /** What it has said on stderr. */
  get said(): string {
    return this.#said();
  }

  /** Ends it as the kernel would: at once, and with no last word. */
  async kill(): Promise<void> {
    await end(this.#child, 'SIGKILL');
  }

  /** Asks it to stop; returns its exit code. */
  async stop(): Promise<number | null> {
    process.kill(this.pid, 'SIGTERM');
    return ended(this.#child);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** Runs a command that is to end by itself, such as a server that can not start. */
export async function runToEnd(options: ServerOptions): Promise<{ code: number | null; said: string }> {
  const child = launch(options);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout?.resume();
  await once(child, 'close');
  return { code: child.exitCode, said };
}

/** A folder of its own, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-system-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

function launch({ data, tasks = TASKS, flags = [], before = [], command }: ServerOptions): ChildProcess {
  const run = command ?? [process.execPath, CLI, 'start', tasks, '--data', data, ...QUIET, ...flags];
  const [program = '', ...rest] = [...before, ...run];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_') && !/COLOR/.test(name)),
  );
  // A group of its own, so that it can be killed as a whole.
  return spawn(program, rest, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid, signal);
  }
  return ended(child);
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
