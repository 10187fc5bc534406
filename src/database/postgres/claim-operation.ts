import type { Claim, Lease, Verdict } from '../database.ts';
import { expiredError } from '../task-errors.ts';
import type { RevokingServer } from './revoking-server.ts';
import { bytea, idOf } from './task-json.ts';

interface Answer {
  readonly verdict: 'running' | 'scheduled' | 'blocked' | 'expired' | 'dropped' | 'quarantined';
  readonly run: number;
  readonly attempts: number;
  readonly crashes: number;
  readonly version: number;
  readonly alone: boolean;
}

export async function claim(
  server: RevokingServer,
  claims: readonly Claim[],
  lease: Lease,
): Promise<Verdict[]> {
  if (claims.length === 0) return [];
  const inputs = claims.map(inputOf);
  const keys = inputs.map(({ pk }) => pk);
  const answers = await server.askRevocably(keys, (call) => [
    'claim',
    'SELECT sluice.claim($2, $3, $4, $5, $6, $1)',
    server.now(),
    call,
    JSON.stringify(inputs),
    lease.holder,
    lease.durationMs,
    JSON.stringify(expiredError()),
  ]);
  return (answers as Answer[]).map(verdictOf);
}

interface Input {
  readonly pk: string;
}

function inputOf({ message, body, park, horizonMs }: Claim, place: number): Input & Record<string, unknown> {
  const id = idOf(message.id);
  return {
    place,
    pk: id.pk,
    identity: bytea(id.identity),
    keyed: id.keyed,
    created_at: id.time,
    id: id.text,
    tenant: message.tenant,
    task: message.task,
    queue: message.queue,
    priority: message.priority,
    lane: message.lane,
    run: message.run,
    published_at: message.publishedAt,
    not_before: message.dueAt,
    deadline_at: message.deadlineAt,
    concurrency_key: message.concurrencyKey,
    concurrency_limit: message.concurrencyLimit,
    tags: message.tags,
    parent_id: message.parentId,
    body,
    park_ms: park?.forMs,
    park_at_most_ms: park?.atMostMs,
    park_reason: park && JSON.stringify(park.reason),
    horizon_ms: horizonMs,
  };
}

function verdictOf({ verdict, run, attempts, crashes, version, alone }: Answer): Verdict {
  switch (verdict) {
    case 'running':
      return { kind: 'run', run, attempts, crashes, version, alone };
    case 'scheduled':
      return { kind: 'park' };
    case 'blocked':
      return { kind: 'block' };
    case 'expired':
      return { kind: 'expire', version };
    case 'dropped':
      return { kind: 'drop' };
    case 'quarantined':
      return { kind: 'quarantine' };
  }
}
