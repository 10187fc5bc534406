import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, firstLine } from '../pinned-server.ts';

/** How a process of a contender is started. */
export interface Launch {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** What it works in, and where it leaves what it says. */
  readonly folder: string;
}

/** A process that prints a line of JSON when it does its work, with the `url` that it listens at, where it does. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(launch: Launch): Promise<ServerProcess> {
    const [program, ...args] = launch.command;
    const log = openSync(logOf(launch), 'a');
    // Nothing of the caller's environment: it could hold settings for any of the contenders.
    const env = { PATH: process.env['PATH'], NODE_ENV: 'production', ...launch.env };
    const child = spawn(program, args, { cwd: launch.folder, env, stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const { url } = await firstLine(child).catch((error: unknown) => {
      throw new Error(`${launch.name} did not start:\n${readFileSync(logOf(launch), 'utf8')}`, {
        cause: error,
      });
    });
    return new ServerProcess(child, String(url));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await ended(this.#child);
  }
}

function logOf({ folder, name }: Launch): string {
  return join(folder, `${name}.log`);
}
