import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './server.ts';

/** Tests that need strace are skipped where it is not there or may not look, but fail in continuous integration. */
export const NO_STRACE: boolean =
  !process.env['CI'] && spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status !== 0;

/** strace at work on a process and all its threads. */
export class Tracer {
  readonly #output: string;
  readonly #child: ReturnType<typeof spawn>;

  private constructor(output: string, child: ReturnType<typeof spawn>) {
    this.#output = output;
    this.#child = child;
  }

  /** Resolves when it sees every call that the process makes. */
  static async attach(pid: number, args: readonly string[]): Promise<Tracer> {
    const output = join(temporaryFolder(), 'trace');
    const child = spawn('strace', ['-f', '-o', output, ...args, '-p', String(pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGINT'));
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes(' attached')) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`strace ended: ${said}`)));
    });
    return new Tracer(output, child);
  }

  /** Lets the process go; returns the lines written. */
  async detach(): Promise<string[]> {
    this.#child.kill('SIGINT');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return readFileSync(this.#output, 'latin1').split('\n');
  }
}
