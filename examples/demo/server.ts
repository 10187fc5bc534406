import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const TASKS = fileURLToPath(new URL('../../demo/tasks', import.meta.url));

const FLAGS = ['--concurrency', '8', '--log-level', 'error', '--json'];

/** A real `sluice start` in a process of its own. */
export class Server {
  readonly #data: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #url: URL | undefined;

  constructor(data: string, env: NodeJS.ProcessEnv) {
    this.#data = data;
    this.#env = env;
  }

  /** Where it listens; the same after every restart. */
  get url(): URL {
    if (!this.#url) throw new Error('the server was never started');
    return this.#url;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const port = this.#url?.port ?? '0';
    const flags = ['--port', port, '--metrics-port', '0', '--data', this.#data, ...FLAGS];
    const child = spawn(process.execPath, [CLI, 'start', TASKS, ...flags], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const ready = once(createInterface(child.stdout), 'line') as Promise<[string]>;
    const gone = once(child, 'exit').then(() => {
      throw new Error('the server ended before it was ready');
    });
    const [line] = await Promise.race([ready, gone]);
    gone.catch(() => undefined);
    this.#url = new URL((JSON.parse(line) as { url: string }).url);
  }

  /** Ends it as a loss of power would: at once, and with no last word. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
}
