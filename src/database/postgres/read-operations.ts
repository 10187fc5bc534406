import { SluiceError } from '../../core/errors.ts';
import { STATES, type State, type TerminalState, isTerminal } from '../../core/state.ts';
import { type TaskId, isPk, readTaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import { CHUNK, MAX_COUNTED, MAX_SCANNED } from '../bounds.ts';
import type { ListFilter, Lookup, TaskPage } from '../database.ts';
import type { Server } from './server.ts';
import { bytea, type RecordJson, recordOf } from './task-json.ts';

type LookupJson =
  | { readonly record: RecordJson; readonly result: string | null }
  | { readonly state: TerminalState; readonly endedAt: number }
  | null;

interface ChunkJson {
  readonly scanned: number;
  /** The last that was looked at. */
  readonly last: string | null;
  readonly records: readonly RecordJson[] | null;
}

const AFTER_ALL_KEYS = 'f'.repeat(32);

export async function get(server: Server, ids: readonly TaskId[]): Promise<Lookup[]> {
  if (ids.length === 0) return [];
  const found = await server.ask(
    'get',
    `SELECT json_agg(coalesce(t.found, d.found) ORDER BY i.place)
     FROM unnest($1::uuid[], $2::bytea[], $3::boolean[]) WITH ORDINALITY AS i (pk, identity, keyed, place)
     LEFT JOIN LATERAL (
       SELECT json_build_object('record', sluice.record_of(t), 'result', (
         SELECT r.result FROM sluice.task_result r WHERE r.pk = (t).pk)) AS found
       FROM (
         SELECT t FROM sluice.task t WHERE t.pk = i.pk
         UNION ALL
         SELECT t FROM sluice.task t WHERE i.keyed AND t.keyed AND t.identity = i.identity
       ) AS t (t) LIMIT 1) AS t ON true
     LEFT JOIN LATERAL (
       SELECT json_build_object('state', d.state, 'endedAt', d.ended_at) AS found
       FROM sluice.tombstone d WHERE d.identity = i.identity OFFSET 0) AS d ON true`,
    ids.map(({ pk }) => pk),
    ids.map(({ identity }) => bytea(identity)),
    ids.map(({ keyed }) => keyed),
  );
  return (found as LookupJson[]).map(lookupOf);
}

function lookupOf(json: LookupJson): Lookup {
  if (!json) return { kind: 'none' };
  if ('state' in json) return { kind: 'gone', ...json };
  return { kind: 'found', record: recordOf(json.record), result: json.result ?? undefined };
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` for a cursor that no page has given */
export async function list(server: Server, filter: ListFilter): Promise<TaskPage> {
  const tasks: TaskRecord[] = [];
  let cursor = cursorOf(filter);
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += CHUNK) {
    const chunk = await scan(server, filter, cursor, filter.limit - tasks.length);
    tasks.push(...(chunk.records ?? []).map(recordOf));
    if (tasks.length === filter.limit) return { tasks, next: readTaskId(tasks.at(-1)?.id ?? '')?.pk };
    if (chunk.scanned < CHUNK || chunk.last === null) return { tasks };
    cursor = chunk.last.replaceAll('-', '');
  }
  return { tasks, next: cursor };
}

function cursorOf({ cursor = AFTER_ALL_KEYS }: ListFilter): string {
  if (isPk(cursor)) return cursor;
  const value = JSON.stringify(cursor);
  throw new SluiceError('SLUICE_OPTION_INVALID', { option: 'cursor', value, expected: '`next` of a page' });
}

async function scan(server: Server, filter: ListFilter, cursor: string, limit: number): Promise<ChunkJson> {
  const chunk = await server.ask(
    'list',
    `WITH chunk AS MATERIALIZED (
       SELECT t FROM sluice.task t WHERE t.pk < $1::uuid ORDER BY t.pk DESC LIMIT $2
     ), fitting AS (
       SELECT (c.t).pk, sluice.record_of(c.t) AS record FROM chunk c
       WHERE (c.t).tenant = $3 AND ($4::text IS NULL OR (c.t).state = $4)
         AND ($5::text IS NULL OR (c.t).task = $5) AND ($6::text IS NULL OR $6 = ANY ((c.t).tags))
       ORDER BY (c.t).pk DESC LIMIT $7
     )
     SELECT json_build_object(
       'scanned', (SELECT count(*) FROM chunk),
       'last', (SELECT (c.t).pk FROM chunk c ORDER BY (c.t).pk LIMIT 1),
       'records', (SELECT json_agg(f.record ORDER BY f.pk DESC) FROM fitting f))`,
    cursor,
    CHUNK,
    filter.tenant,
    filter.state,
    filter.task,
    filter.tag,
    limit,
  );
  return chunk as ChunkJson;
}

const COUNTED_STATES = STATES.filter((state) => !isTerminal(state));

const COUNTS = `SELECT json_build_object(${COUNTED_STATES.map(
  (state) =>
    `'${state}', (SELECT count(*) FROM (SELECT FROM sluice.task WHERE state = '${state}' LIMIT ${MAX_COUNTED}) AS counted)`,
).join(', ')})`;

export async function counts(server: Server): Promise<Partial<Record<State, number>>> {
  return (await server.ask('counts', COUNTS)) as Partial<Record<State, number>>;
}
