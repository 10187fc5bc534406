import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SluiceError, messageOf } from '../core/errors.ts';
import { standBack } from '../core/stand-back.ts';
import type { Member } from './member.ts';
import type { MemberRecord } from './member-records.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

export interface MemberProcessOptions {
  /**
   * Keeps from it what a terminal sends to everything that was started in it, such as Ctrl-C: this process alone says
   * when it ends. Default false.
   */
  readonly apart?: boolean;
  /**
   * Called when there is a process, which has not begun yet and never does if this one is killed before it returns: so
   * none is left behind that nobody has noted.
   */
  readonly onSpawn?: () => void;
  /** Called each time the process has ended, whatever ended it. */
  readonly onEnd?: () => void;
}

/** How long a member has to end properly: more than a gateway takes that drains, and gives up a frozen node of the queue. */
export const STOP_MS = 30_000;

const PROBE_EVERY_MS = 200;
const LINES_SHOWN = 15;
/** What is set for the whole machine, or for another installation on it, is not meant for a member. */
const OWN_SETTINGS = /^SLUICE_/;
/** Becomes the program that follows when it is told a line, and ends when nobody is left to tell one. */
const GATE = ['-c', 'read -r _ && exec "$@" </dev/null', 'sh'] as const;

/** A member as a child process, which writes what it says into a file. */
export class MemberProcess {
  readonly member: Member;
  readonly #logFile: string;
  readonly #options: MemberProcessOptions;
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity | undefined;
  #starting: Promise<void> | undefined;
  #ending: Promise<unknown> | undefined;

  constructor(member: Member, logFile: string, options: MemberProcessOptions = {}) {
    this.member = member;
    this.#logFile = logFile;
    this.#options = options;
  }

  /** Undefined while it is not running. */
  get pid(): number | undefined {
    const child = this.#child;
    return child && child.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  /** What tells of its process; undefined while it is not running. */
  get record(): MemberRecord | undefined {
    const { name, stopSignal, stopAgainMs } = this.member;
    if (this.pid === undefined || !this.#identity) return undefined;
    return { name, stopSignal, stopAgainMs, ...this.#identity };
  }

  /** The end of what it has said. */
  get lastWords(): string {
    try {
      return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
    } catch {
      return `nothing in ${this.#logFile}`;
    }
  }

  /**
   * Starts it, unless it runs; `ready` tells when it does its work.
   * @throws SluiceError `SLUICE_BINARY_MISSING` or `SLUICE_MEMBER_FAILED`
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
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
          throw this.failure(ended ? 'it ended' : `it is not ready: ${messageOf(thrown)}`, thrown);
        }
      }
      await pause(PROBE_EVERY_MS);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it properly; by force after `STOP_MS`. */
  async stop(): Promise<void> {
    const { stopSignal, stopAgainMs } = this.member;
    const again =
      stopAgainMs === undefined ? undefined : setInterval(() => this.signal(stopSignal), stopAgainMs);
    await this.#end(stopSignal);
    clearInterval(again);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it, and what it has started where it is apart, without waiting until it has ended. */
  halt(): void {
    const { pid } = this;
    if (pid === undefined) return;
    const target = this.#options.apart ? -pid : pid;
    try {
      process.kill(target, this.member.haltSignal ?? 'SIGKILL');
      process.kill(target, 'SIGCONT');
    } catch {
      // It has ended.
    }
  }

  failure(reason: string, cause?: unknown): SluiceError {
    const { name } = this.member;
    return new SluiceError('SLUICE_MEMBER_FAILED', { name, reason, log: this.lastWords }, { cause });
  }

  async #start(): Promise<void> {
    await this.#ending;
    if (this.pid !== undefined) return;
    try {
      await this.member.prepare();
    } catch (error) {
      throw SluiceError.is(error) ? error : this.failure(messageOf(error), error);
    }
    mkdirSync(dirname(this.#logFile), { recursive: true });
    const log = openSync(this.#logFile, 'a');
    try {
      this.#spawn(log);
    } finally {
      closeSync(log);
    }
  }

  #spawn(log: number): void {
    const { apart = false, onSpawn, onEnd } = this.#options;
    const { command, args, env = {}, user = {}, niceness } = this.member.launch();
    const [first, rest] = onSpawn ? ['/bin/sh', [...GATE, command, ...args]] : [command, args];
    const child = spawn(first, rest, {
      stdio: [onSpawn ? 'pipe' : 'ignore', log, log],
      env: { ...inheritedEnv(), ...env },
      detached: apart,
      ...user,
    });
    // That it could not be started, or has ended at once, shows in that it is not running.
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    child.on('exit', () => onEnd?.());
    this.#child = child;
    this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    if (child.pid !== undefined && niceness !== undefined) void standBack(child.pid, niceness);
    onSpawn?.();
    child.stdin?.end('\n');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    // Where its files are still being made there is no process yet, and there would be one afterwards.
    if (this.#starting) await this.#starting.catch(() => undefined);
    const child = this.#child;
    if (!child || this.pid === undefined) return;
    this.#ending = once(child, 'exit');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    // A process that was paused takes no signal but these.
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    child.kill(signal);
    await this.#ending;
    clearTimeout(force);
  }
}

function inheritedEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_SETTINGS.test(name)));
}
