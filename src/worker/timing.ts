/** How often the worker looks after what runs, and how long it is patient. Milliseconds. */
export interface WorkerTiming {
  /** How long a message is held that no slot is free for. RabbitMQ closes a consumer that holds one for 30 minutes. */
  readonly holdMs: number;
  /** How long the database waits for a sign of life. What a dead worker ran has to begin elsewhere within 20 s, the queue
   * before it included. */
  readonly leaseMs: number;
  /** Pause between two extensions; runs younger than this need none. */
  readonly extendEveryMs: number;
  /** Pause between two looks at timeouts, memory and progress. */
  readonly sweepEveryMs: number;
  /** A runner that has not answered for so long is blocked. */
  readonly answerMs: number;
  /** How long a module may take to load. */
  readonly loadMs: number;
  /** What a handler gets to end in after the abort for its timeout, its lost lease or a shutdown. */
  readonly abortGraceMs: number;
  /** The same after a cancel. */
  readonly cancelGraceMs: number;
  /** The runner for tasks that have to run alone is stopped when it was idle for so long: it costs memory. */
  readonly soloIdleMs: number;
  /** How long a drain waits for the database to take the last outcomes. */
  readonly settleGraceMs: number;
  /** A task that no definition here fits is tried again after this, which doubles each time up to the bound. */
  readonly parkMs: number;
  readonly parkCapMs: number;
  /** Bounds of the back-off while something is away. */
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
}

export const DEFAULT_TIMING: WorkerTiming = {
  holdMs: 600_000,
  leaseMs: 12_000,
  extendEveryMs: 3000,
  sweepEveryMs: 200,
  answerMs: 1000,
  loadMs: 60_000,
  abortGraceMs: 1000,
  cancelGraceMs: 10_000,
  soloIdleMs: 10_000,
  settleGraceMs: 5000,
  parkMs: 30_000,
  parkCapMs: 600_000,
  retryBaseMs: 100,
  retryCapMs: 5000,
};
