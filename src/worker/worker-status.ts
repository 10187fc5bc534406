export interface RunnerStatus {
  readonly pid: number | undefined;
  readonly state: 'loading' | 'ready' | 'dead';
  /** False while its event loop is blocked. */
  readonly answers: boolean;
  /** It gets no more work and ends with what it holds. */
  readonly retired: boolean;
  readonly runs: number;
  readonly residentBytes: number | undefined;
}

export interface WorkerStatus {
  readonly running: number;
  /** Of those, the ones that wait to run alone, since a process died under them. */
  readonly waitingAlone: number;
  readonly concurrency: number;
  readonly runners: readonly RunnerStatus[];
  /** False while the queue or the database is away and nothing new is taken. */
  readonly consuming: boolean;
  /** Names of tasks that came and that no definition here fits. */
  readonly missingTasks: readonly string[];
  readonly quarantined: number;
}
