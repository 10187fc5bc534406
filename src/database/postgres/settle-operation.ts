import { readTaskId } from '../../core/task-id.ts';
import { FOLLOW_UP_LEASE_MS } from '../bounds.ts';
import type { SettleResult, Settlement } from '../database.ts';
import { expiredError } from '../task-errors.ts';
import type { Server } from './server.ts';
import { type RecordJson, recordOf } from './task-json.ts';

export async function settle(server: Server, settlements: readonly Settlement[]): Promise<SettleResult[]> {
  if (settlements.length === 0) return [];
  const records = await server.ask(
    'settle',
    'SELECT sluice.settle($2, $3, $4, $1)',
    server.now(),
    JSON.stringify(settlements.map(inputOf)),
    JSON.stringify(expiredError()),
    FOLLOW_UP_LEASE_MS,
  );
  return (records as (RecordJson | null)[]).map((record) =>
    record ? { kind: 'settled', record: recordOf(record) } : { kind: 'lost' },
  );
}

function inputOf({ id, run, outcome }: Settlement, place: number): unknown {
  return {
    place,
    pk: readTaskId(id)?.pk,
    run,
    kind: outcome.kind,
    result: 'result' in outcome ? outcome.result : undefined,
    follow_ups: 'followUps' in outcome ? outcome.followUps : undefined,
    // As text within the text: a handler may put anything into its error, and it is kept as it came.
    error: 'error' in outcome ? JSON.stringify(outcome.error) : undefined,
    charged: 'charged' in outcome ? outcome.charged : undefined,
    crash_limit: 'crashLimit' in outcome ? outcome.crashLimit : undefined,
    after_ms: 'afterMs' in outcome ? outcome.afterMs : undefined,
  };
}
