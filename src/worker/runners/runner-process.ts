import { type ChildProcess, fork } from 'node:child_process';
import type { AbortCause } from '../../core/context.ts';
import { messageOf, SluiceError } from '../../core/errors.ts';
import type { Limits } from '../../core/limits.ts';
import type { FromRunner, RunEnd, RunRequest, ToRunner } from '../../core/run-protocol.ts';
import type { TaskError } from '../../core/task-record.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { residentBytes } from './resident-memory.ts';
import type { Run } from '../run/run.ts';

/** What every runner of a worker is started with. */
export interface RunnerSetup {
  /** The compiled entry of a runner. */
  readonly entry: URL;
  readonly secrets: readonly string[];
  readonly limits: Limits;
  readonly answerMs: number;
  readonly loadMs: number;
}

/** Why a runner is gone, for the error of the tasks that it held. */
export interface Death {
  readonly reason: string;
  readonly stack?: string | undefined;
}

export interface RunnerListener {
  ended(runner: RunnerProcess, run: Run, end: RunEnd): void;
  log(run: Run, log: Extract<FromRunner, { kind: 'log' }>): void;
  progress(run: Run, progress: Extract<FromRunner, { kind: 'progress' }>): void;
  /** Called once, after everything that it has told. */
  died(runner: RunnerProcess, death: Death): void;
}

/** Part of a runner's memory bound that is the JavaScript heap's; the rest is for buffers and code. */
const HEAP_SHARE = 0.75;
/** After its exit, how long to wait for what it has told to be read. */
const LAST_WORDS_MS = 1000;
/** How long a runner may take to end by itself when it is stopped. */
const STOP_MS = 2000;

/** One runner: the child process, the runs that it holds, and what is known of its health. */
export class RunnerProcess {
  /** What it was given and has not reported the end of, by id and run. */
  readonly runs = new Map<string, Run>();
  /** Resolves when the definitions are loaded; rejects with a SluiceError when they can not be. */
  readonly loaded: Promise<Manifest>;
  readonly gone: Promise<void>;
  state: 'loading' | 'ready' | 'dead' = 'loading';
  /** Gets no more work, and is stopped when its runs are over. */
  retired = false;
  /** A handler in it did not stop when told to. */
  stuck = false;
  /** Resident memory when last seen. */
  bytes: number | undefined;

  readonly #child: ChildProcess;
  readonly #setup: RunnerSetup;
  readonly #listener: RunnerListener;
  #outgoing: ToRunner[] = [];
  #starts: RunRequest[] = [];
  #flushing = false;
  #askedAt: number | undefined;
  #pings = 0;
  #killedFor: string | undefined;
  #lastError: TaskError | undefined;
  #settleLoad: { resolve: (manifest: Manifest) => void; reject: (error: SluiceError) => void } | undefined;

  constructor(module: string, setup: RunnerSetup, listener: RunnerListener) {
    this.#setup = setup;
    this.#listener = listener;
    this.#child = start(setup);
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
    // Whoever started it may look later, or not at all.
    this.loaded.catch(() => undefined);
    this.gone = this.#watch();
    const { secrets, limits } = setup;
    const { maxResultBytes, maxBodyBytes } = limits;
    this.#tell({ kind: 'load', module, secrets, maxResultBytes, maxBodyBytes });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Runs whose outcome still depends on it. */
  get openRuns(): number {
    let open = 0;
    for (const run of this.runs.values()) if (!run.over) open += 1;
    return open;
  }

  holds(run: Run): boolean {
    return this.runs.get(keyOf(run.message.id, run.run)) === run;
  }

  /** True when its loop has not turned for a while. */
  blocked(now: number): boolean {
    return this.#askedAt !== undefined && now - this.#askedAt >= this.#setup.answerMs;
  }

  start(run: Run, now: number): void {
    const { message } = run;
    run.placedAt = now;
    this.runs.set(keyOf(message.id, run.run), run);
    const { id, tenant, task, input } = message;
    const attempt = run.attempts + 1;
    this.#starts.push({ id, run: run.run, tenant, task, attempt, idempotencyKey: id, input });
    this.#scheduleFlush();
  }

  abort(run: Run, cause: AbortCause): void {
    this.#tell({ kind: 'abort', id: run.message.id, run: run.run, cause });
  }

  /** Looks whether it still answers and how much memory it takes. `lostMs`: time that the worker itself was held up
   * for, which does not count against the runner. */
  check(now: number, lostMs: number): void {
    if (this.state !== 'ready') return;
    if (this.#askedAt !== undefined) this.#askedAt += lostMs;
    else this.#ping(now);
    this.bytes = this.pid === undefined ? undefined : residentBytes(this.pid);
    const limit = this.#setup.limits.maxRunnerBytes;
    if (this.bytes !== undefined && this.bytes > limit) {
      this.kill(`out of memory: it took ${this.bytes} bytes, ${limit} are allowed`);
    }
  }

  /** Ends it at once, with every process that its handlers have started. */
  kill(reason: string): void {
    this.retired = true;
    this.#killedFor ??= reason;
    killGroup(this.#child);
  }

  /** Lets it end by itself, for a while. Its runs, if any, are cut off. */
  stop(): void {
    if (this.#killedFor !== undefined) return;
    this.retired = true;
    this.#killedFor = 'the worker stopped it';
    if (this.#child.connected) this.#child.disconnect();
    setTimeout(() => {
      if (this.state !== 'dead') killGroup(this.#child);
    }, STOP_MS).unref();
  }

  #ping(now: number): void {
    this.#askedAt = now;
    this.#pings += 1;
    this.#tell({ kind: 'ping', number: this.#pings });
  }

  #tell(message: ToRunner): void {
    this.#outgoing.push(message);
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const batch = this.#outgoing;
    if (this.#starts.length > 0) batch.unshift({ kind: 'start', runs: this.#starts });
    this.#outgoing = [];
    this.#starts = [];
    // A channel that fails belongs to a process that is ending; its death is told when it is known.
    if (this.#child.connected) this.#child.send(batch, () => undefined);
  }

  async #watch(): Promise<void> {
    const child = this.#child;
    child.on('message', (batch) => this.#receive(batch));
    const deadline = setTimeout(
      () => this.kill(`it took more than ${this.#setup.loadMs} ms to load`),
      this.#setup.loadMs,
    );
    this.loaded.then(
      () => clearTimeout(deadline),
      () => clearTimeout(deadline),
    );
    const death = await deathOf(child);
    // What its handlers have started would go on without it.
    killGroup(child);
    this.state = 'dead';
    const known = this.#lastError;
    const reason = this.#killedFor ?? (known ? `an error nobody caught: ${known.message}` : death);
    this.#settleLoad?.reject(
      new SluiceError('SLUICE_TASKS_LOAD_FAILED', { reason: `their process ended (${reason})` }),
    );
    this.#listener.died(this, { reason, stack: this.#killedFor ? undefined : known?.stack });
    this.runs.clear();
  }

  /** Handlers share the process with the channel, so what comes is not taken on trust. */
  #receive(batch: unknown): void {
    this.#askedAt = undefined;
    try {
      for (const message of batch as FromRunner[]) this.#take(message);
    } catch (error) {
      this.kill(`it told what makes no sense: ${messageOf(error)}`);
    }
  }

  #take(message: FromRunner): void {
    switch (message.kind) {
      case 'ready':
        this.state = 'ready';
        this.#settleLoad?.resolve(message.manifest as Manifest);
        return;
      case 'refused':
        this.#settleLoad?.reject(new SluiceError(message.code, message.data));
        return;
      case 'ended':
        for (const end of message.runs) this.#end(end);
        return;
      case 'progress':
      case 'log':
        this.#relay(message);
        return;
      case 'dying':
        this.#lastError = message.error;
        return;
      case 'pong':
        return;
    }
  }

  #end(end: RunEnd): void {
    const key = keyOf(end.id, end.run);
    const run = this.runs.get(key);
    this.runs.delete(key);
    if (run) this.#listener.ended(this, run, end);
  }

  #relay(message: Extract<FromRunner, { kind: 'progress' | 'log' }>): void {
    const run = this.runs.get(keyOf(message.id, message.run));
    if (!run || run.over) return;
    if (message.kind === 'log') this.#listener.log(run, message);
    else this.#listener.progress(run, message);
  }
}

function keyOf(id: string, run: number): string {
  return `${id}/${run}`;
}

function start({ entry, limits }: RunnerSetup): ChildProcess {
  const heapMegabytes = Math.max(32, Math.floor((limits.maxRunnerBytes * HEAP_SHARE) / 2 ** 20));
  return fork(entry, [], {
    execArgv: [`--max-old-space-size=${heapMegabytes}`, '--enable-source-maps'],
    // What handlers print goes where the log goes: standard output is for data.
    stdio: ['ignore', 2, 2, 'ipc'],
    // A group of its own: it is killed with all that its handlers started, and a Ctrl-C is the worker's to answer.
    detached: true,
  });
}

/** Resolves, when nothing more is to come from the process, with how it ended. */
async function deathOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      const how = signal
        ? `the signal ${signal}${signal === 'SIGABRT' ? OUT_OF_HEAP : ''}`
        : `exit code ${code}`;
      // The channel ends with the last of what it has told.
      if (!child.connected) return resolve(how);
      child.once('disconnect', () => resolve(how));
      setTimeout(() => resolve(how), LAST_WORDS_MS).unref();
      return undefined;
    });
  });
}

const OUT_OF_HEAP = ', as when the heap is out of memory';

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It and all it started are gone, or the system knows no groups.
    child.kill('SIGKILL');
  }
}
