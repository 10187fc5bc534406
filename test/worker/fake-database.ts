import { SluiceError } from '../../src/core/errors.ts';
import type { Health } from '../../src/core/health.ts';
import type { Message } from '../../src/core/message.ts';
import { isTerminal, type State } from '../../src/core/state.ts';
import type { TaskId } from '../../src/core/task-id.ts';
import type { TaskError } from '../../src/core/task-record.ts';
import type {
  CancelResult,
  Claim,
  Extension,
  HeldRun,
  Lease,
  Outcome,
  Park,
  Rejection,
  Runs,
  Settlement,
  SettleResult,
  Verdict,
} from '../../src/database/database.ts';
import type { TaskRecord } from '../../src/core/task-record.ts';

interface Row {
  readonly message: Message;
  state: State;
  version: number;
  run: number;
  attempts: number;
  crashes: number;
  cancelRequested: boolean;
  holder: string;
  outcome?: Outcome;
  error?: TaskError;
  park?: Park;
  result?: string;
}

/** The rows of tasks in memory, with the fences of the real ones and no clock: what is scheduled is due at once, but for
 * what is parked, which never is. */
export class FakeDatabase implements Runs {
  readonly rows = new Map<string, Row>();
  readonly rejections: Rejection[] = [];
  readonly followUpsDone: string[] = [];
  /** Ids of tasks whose run was said to begin. */
  readonly begun: string[] = [];
  /** Every outcome that was recorded, in order. */
  readonly outcomes: { id: string; run: number; outcome: Outcome }[] = [];
  away = false;
  /** Makes a claim or a settle fail that holds such a task. */
  poison: (id: string) => boolean = () => false;
  claims = 0;

  async health(): Promise<Health> {
    return { ok: !this.away, durable: false, durability: 'none', reason: this.away ? 'away' : undefined };
  }

  async claim(claims: readonly Claim[], lease: Lease): Promise<Verdict[]> {
    this.#check(claims.map(({ message }) => message.id));
    this.claims += 1;
    return claims.map((claim) => this.#claim(claim, lease));
  }

  async extend(runs: readonly HeldRun[], { holder }: Lease): Promise<Extension> {
    this.#check([]);
    this.begun.push(...runs.filter(({ begun }) => begun).map(({ id }) => id));
    const mine = (held: HeldRun): boolean => this.#running(held.id, held.run)?.holder === holder;
    return {
      lost: runs.filter((held) => !mine(held)).map(({ id }) => id),
      cancelRequested: runs.filter(({ id }) => this.rows.get(id)?.cancelRequested).map(({ id }) => id),
    };
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    this.#check(settlements.map(({ id }) => id));
    return settlements.map(({ id, run, outcome }) => {
      const row = this.#running(id, run);
      if (!row) return { kind: 'lost' };
      this.outcomes.push({ id, run, outcome });
      settleRow(row, outcome);
      return { kind: 'settled', record: recordOf(row) };
    });
  }

  async reject(rejections: readonly Rejection[]): Promise<void> {
    this.#check([]);
    this.rejections.push(...rejections);
  }

  async cancel(id: TaskId): Promise<CancelResult> {
    const row = this.rows.get(id.text);
    if (!row) return { kind: 'gone' };
    row.cancelRequested = true;
    return { kind: 'requested', record: recordOf(row) };
  }

  async followUpsPublished(ids: readonly string[]): Promise<void> {
    this.followUpsDone.push(...ids);
  }

  /** Messages of all that is scheduled, which is queued from then on. */
  takeDue(): Message[] {
    const due = [...this.rows.values()].filter(({ state, park }) => state === 'scheduled' && !park);
    for (const row of due) row.state = 'queued';
    return due.map(({ message, run }) => ({ ...message, run: run + 1 }));
  }

  #check(ids: readonly string[]): void {
    if (this.away) throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE');
    if (ids.some((id) => this.poison(id))) throw new Error('a value out of range');
  }

  #running(id: string, run: number): Row | undefined {
    const row = this.rows.get(id);
    return row?.state === 'running' && row.run === run ? row : undefined;
  }

  #claim({ message, park }: Claim, { holder }: Lease): Verdict {
    const row = this.rows.get(message.id) ?? newRow(message);
    if (row.run !== message.run - 1 || row.state === 'running' || isTerminal(row.state))
      return { kind: 'drop' };
    this.rows.set(message.id, row);
    row.version += 1;
    if (park) {
      row.state = 'scheduled';
      row.error = park.reason;
      row.park = park;
      return { kind: 'park' };
    }
    row.state = 'running';
    row.run += 1;
    row.holder = holder;
    const { run, attempts, crashes, version } = row;
    return { kind: 'run', run, attempts, crashes, version, alone: crashes > 0 };
  }
}

function newRow(message: Message): Row {
  const counters = { run: 0, attempts: 0, crashes: 0 };
  return { message, state: 'queued', version: 1, ...counters, cancelRequested: false, holder: '' };
}

function settleRow(row: Row, outcome: Outcome): void {
  row.version += 1;
  row.outcome = outcome;
  if ('error' in outcome) row.error = outcome.error;
  row.state = stateAfter(row, outcome);
  if (outcome.kind === 'succeeded') row.result = outcome.result;
}

function stateAfter(row: Row, outcome: Outcome): State {
  switch (outcome.kind) {
    case 'succeeded':
    case 'cancelled':
      return outcome.kind;
    case 'failed':
      if (outcome.charged) row.attempts += 1;
      return 'failed';
    case 'retry':
      row.attempts += 1;
      return 'scheduled';
    case 'crashed':
      row.crashes += 1;
      return row.crashes >= outcome.crashLimit ? 'failed' : 'scheduled';
    case 'returned':
      return 'scheduled';
  }
}

function recordOf({ message, ...row }: Row): TaskRecord {
  const { id, tenant, task, queue, priority, lane } = message;
  const { state, version, run, attempts, crashes, cancelRequested, error } = row;
  const counters = { run, attempts, crashes, createdAt: 0, changedAt: 0 };
  return { id, tenant, task, queue, priority, lane, state, version, cancelRequested, error, ...counters };
}
