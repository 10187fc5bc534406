import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Member } from './member.ts';

const PROBE_EVERY_MS = 200;
const STOP_MS = 20_000;
const LINES_SHOWN = 15;

/** A member as a child process, which writes what it says into a file. */
export class MemberProcess {
  readonly member: Member;
  readonly #logFile: string;
  readonly #onEnd: (() => void) | undefined;
  #child: ChildProcess | undefined;
  #starting: Promise<void> | undefined;

  /** @param onEnd called each time the process has ended, whatever ended it */
  constructor(member: Member, logFile: string, onEnd?: () => void) {
    this.member = member;
    this.#logFile = logFile;
    this.#onEnd = onEnd;
  }

  /** Undefined while it is not running. */
  get pid(): number | undefined {
    const child = this.#child;
    return child && child.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  /**
   * Starts it, unless it runs; `ready` tells when it does its work.
   * @throws SluiceError `SLUICE_BINARY_MISSING` or `SLUICE_MEMBER_FAILED`
   */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  /** @throws SluiceError `SLUICE_MEMBER_FAILED` when it ended, or does not do its work within `withinMs` */
  async ready(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    for (;;) {
      try {
        await this.member.probe();
        return;
      } catch (thrown) {
        const ended = this.pid === undefined;
        if (ended || performance.now() > until) {
          throw this.#failure(ended ? 'it ended' : `it is not ready: ${messageOf(thrown)}`, thrown);
        }
      }
      await pause(PROBE_EVERY_MS);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it properly; by force after 20 seconds. */
  async stop(): Promise<void> {
    await this.#end(this.member.stopSignal);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #start(): Promise<void> {
    if (this.pid !== undefined) return;
    try {
      await this.member.prepare();
    } catch (error) {
      throw SluiceError.is(error) ? error : this.#failure(messageOf(error), error);
    }
    const { command, args, env = {}, user = {} } = this.member.launch();
    mkdirSync(dirname(this.#logFile), { recursive: true });
    const log = openSync(this.#logFile, 'a');
    try {
      const child = spawn(command, args, {
        stdio: ['ignore', log, log],
        env: { ...process.env, ...env },
        ...user,
      });
      this.#child = child;
      // That it could not be started shows in that it is not running.
      child.on('error', () => undefined);
      child.on('exit', () => this.#onEnd?.());
    } finally {
      closeSync(log);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    // Where its files are still being made there is no process yet, and there would be one afterwards.
    await this.#starting?.catch(() => undefined);
    const child = this.#child;
    if (!child || this.pid === undefined) return;
    const exit = once(child, 'exit');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    // A process that was paused takes no signal but these.
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    child.kill(signal);
    await exit;
    clearTimeout(force);
  }

  #failure(reason: string, cause: unknown): SluiceError {
    const { name } = this.member;
    return new SluiceError('SLUICE_MEMBER_FAILED', { name, reason, log: this.#tail() }, { cause });
  }

  #tail(): string {
    try {
      return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
    } catch {
      return `nothing in ${this.#logFile}`;
    }
  }
}
