import type { FromRunner, RunEnd } from '../core/run-protocol.ts';
import type { Progress } from '../core/task-record.ts';

type Log = Extract<FromRunner, { kind: 'log' }>;

/** Bounds what one turn of a handler's loop can make the worker read. */
const MAX_LOGS_PER_TURN = 1000;

/** The way to the worker. Collects what there is to tell it and sends that once a turn of the loop: a message each would
 * cost more than a short handler does. */
export class WorkerChannel {
  readonly #send: (batch: FromRunner[], sent: () => void) => void;
  #batch: FromRunner[] = [];
  #ended: RunEnd[] = [];
  #progress = new Map<string, FromRunner>();
  #logs = 0;
  #scheduled = false;

  constructor(send: (batch: FromRunner[], sent: () => void) => void) {
    this.#send = send;
  }

  ended(run: RunEnd): void {
    this.#progress.delete(run.id);
    this.#ended.push(run);
    this.#schedule();
  }

  /** Only the latest of a turn is told. */
  progress(id: string, run: number, progress: Progress): void {
    this.#progress.set(id, { kind: 'progress', id, run, progress });
    this.#schedule();
  }

  log(log: Log): void {
    this.#logs += 1;
    if (this.#logs < MAX_LOGS_PER_TURN) return this.tell(log);
    if (this.#logs > MAX_LOGS_PER_TURN) return undefined;
    return this.tell({
      ...log,
      level: 'warn',
      message: 'too many lines at a time: some are left out',
      data: {},
    });
  }

  tell(message: FromRunner): void {
    this.#batch.push(message);
    this.#schedule();
  }

  /** Sends what there is, now; `sent` is called once it has left this process. */
  flush(sent: () => void = () => undefined): void {
    const batch = [...this.#batch, ...this.#progress.values()];
    if (this.#ended.length > 0) batch.push({ kind: 'ended', runs: this.#ended });
    this.#batch = [];
    this.#ended = [];
    this.#progress = new Map();
    this.#logs = 0;
    if (batch.length > 0) this.#send(batch, sent);
    else sent();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
