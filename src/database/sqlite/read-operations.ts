import { STATES, type State, type TerminalState, isTerminal } from '../../core/state.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { Connection } from '../../sqlite/binding.ts';
import { CHUNK, MAX_COUNTED, MAX_SCANNED } from '../bounds.ts';
import type { ListFilter, Lookup, TaskPage } from '../database.ts';
import { type TaskRow, recordOf } from './task-row.ts';
import { TaskTable } from './task-table.ts';

export type DatabaseReads = {
  get(ids: readonly TaskId[]): Lookup[];
  list(filter: ListFilter): TaskPage;
  counts(): Partial<Record<State, number>>;
};

const END_OF_KEYS = 'g';

export function readOperations(connection: Connection): DatabaseReads {
  const tasks = new TaskTable(connection);
  const result = connection.prepare('SELECT result FROM task_result WHERE number = ?');
  const tombstone = connection.prepare('SELECT state, ended_at FROM tombstone WHERE identity = ?');
  const page = tasks.select('WHERE pk < ? ORDER BY pk DESC LIMIT ?');
  const counters = STATES.filter((state) => !isTerminal(state)).map(
    (state) =>
      [
        state,
        connection.prepare(
          `SELECT count(*) FROM (SELECT 1 FROM task WHERE state = '${state}' LIMIT ${MAX_COUNTED})`,
        ),
      ] as const,
  );

  function lookUp(id: TaskId): Lookup {
    const row = tasks.find(id);
    if (row) return { kind: 'found', record: recordOf(row), result: resultOf(row) };
    const grave = tombstone.get(id.identity);
    if (!grave) return { kind: 'none' };
    return { kind: 'gone', state: grave[0] as TerminalState, endedAt: Number(grave[1]) };
  }

  function resultOf(row: TaskRow): string | undefined {
    if (row.state !== 'succeeded') return undefined;
    const text = result.get(row.number)?.[0];
    return typeof text === 'string' ? text : undefined;
  }

  return {
    get: (ids) => ids.map(lookUp),

    list(filter) {
      const found: TaskRow[] = [];
      let cursor = filter.cursor ?? END_OF_KEYS;
      for (let scanned = 0; scanned < MAX_SCANNED; scanned += CHUNK) {
        const chunk = page(cursor, CHUNK);
        for (const row of chunk) {
          cursor = row.pk;
          if (fits(row, filter)) found.push(row);
          if (found.length === filter.limit) return { tasks: found.map(recordOf), next: cursor };
        }
        if (chunk.length < CHUNK) return { tasks: found.map(recordOf) };
      }
      return { tasks: found.map(recordOf), next: cursor };
    },

    counts: () =>
      Object.fromEntries(counters.map(([state, counter]) => [state, Number(counter.get()?.[0] ?? 0)])),
  };
}

function fits(row: TaskRow, { tenant, state, task, tag }: ListFilter): boolean {
  return (
    row.tenant === tenant &&
    (state === undefined || row.state === state) &&
    (task === undefined || row.task === task) &&
    (tag === undefined || (row.tags?.includes(tag) ?? false))
  );
}
