import assert from 'node:assert/strict';
import type { Database, Lookup } from '../../database/database.ts';
import { canMove, FIRST_VERSION, isTerminal, type State, STATES } from '../../core/state.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';

type Seen = Pick<TaskRecord, 'state' | 'version' | 'run'> & { readonly record?: TaskRecord };

const ACCEPTED: Seen = { state: 'queued', version: FIRST_VERSION, run: 0 };

/**
 * One call blocks a task, further on in the same batch ends its predecessor, which releases it, and further on still
 * runs it for a second message that asks for the same run.
 */
const MAX_MOVES = 3;

/** True when `moves` transitions, one after another, lead from `from` to `to`. */
function canReach(from: State, to: State, moves: number): boolean {
  if (moves === 1) return canMove(from, to);
  return STATES.some((state) => canMove(from, state) && canReach(state, to, moves - 1));
}

/**
 * Looks at every task after every call and holds what changed against the table of states: one transition,
 * or the few that one batch can bring, each allowed, the version raised by one with each, the run raised by one where it began to run and never
 * otherwise, and nothing that changes after the end.
 */
export class TransitionWatch {
  readonly #seen = new Map<string, Seen>();
  readonly #gone = new Map<string, State>();

  async look(database: Database, ids: readonly TaskId[]): Promise<void> {
    const lookups = await database.get(ids);
    assert.equal(lookups.length, ids.length, 'get answers for every id');
    lookups.forEach((lookup, at) => this.#compare(ids[at]?.text ?? '', lookup));
  }

  #compare(id: string, lookup: Lookup): void {
    if (lookup.kind === 'found') return this.#compareRecord(lookup.record);
    const before = this.#seen.get(id);
    if (lookup.kind === 'none') {
      assert.ok(!before, `task ${id} was ${before?.state} and has vanished without a tombstone`);
      return undefined;
    }
    assert.ok(isTerminal(lookup.state), `a tombstone says ${lookup.state}`);
    if (before) assert.equal(lookup.state, before.state, 'the tombstone tells the end there was');
    this.#seen.delete(id);
    assert.equal(lookup.state, this.#gone.get(id) ?? lookup.state, 'the end does not change');
    this.#gone.set(id, lookup.state);
  }

  #compareRecord(record: TaskRecord): void {
    const before = this.#seen.get(record.id) ?? ACCEPTED;
    this.#seen.set(record.id, { ...record, record });
    const step = `${before.state} v${before.version} -> ${record.state} v${record.version}`;
    assert.ok(!this.#gone.has(record.id), `task ${record.id} came back: ${step}`);
    if (record.version === before.version) {
      assert.equal(record.state, before.state, `the version did not rise: ${step}`);
      assert.equal(record.run, before.run, `the run rose without a transition: ${step}`);
      return;
    }
    const moves = record.version - before.version;
    assert.ok(
      moves > 0 && moves <= MAX_MOVES,
      `the version rose by more than one call can raise it: ${step}`,
    );
    assert.ok(canReach(before.state, record.state, moves), `there is no such transition: ${step}`);
    const runs = record.state === 'running' ? before.run + 1 : before.run;
    assert.equal(record.run, runs, `the run is raised by a claim, by one, and by nothing else: ${step}`);
    if (isTerminal(record.state)) assert.ok(record.finishedAt !== undefined, `no time of the end: ${step}`);
  }
}
