import { SluiceError } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import { type TaskId, readTaskId } from '../../core/task-id.ts';
import { type ClaimDecision, decideClaim, parkMs } from '../claim-decision.ts';
import type { Claim, Lease, Verdict } from '../database.ts';
import { runsAlone } from '../interruption.ts';
import { expiredError } from '../task-errors.ts';
import type { Concurrency } from './concurrency.ts';
import { type TaskRow, describedBy, newRow } from './task-row.ts';
import { type TaskTable, move } from './task-table.ts';

export interface ClaimArguments {
  readonly claims: readonly Claim[];
  readonly lease: Lease;
  readonly now: number;
}

export function claimOperation(
  tasks: TaskTable,
  concurrency: Concurrency,
): (args: ClaimArguments) => Verdict[] {
  return ({ claims, lease, now }) =>
    claims.map((claim) => {
      const id = idOf(claim.message);
      const found = tasks.find(id);
      const decision = decide(claim, id, found, now);
      return carryOut(decision, claim, found ?? newRow(id, claim.message.tenant, now), { lease, now });
    });

  function decide(
    { message, park, horizonMs }: Claim,
    id: TaskId,
    row: TaskRow | undefined,
    now: number,
  ): ClaimDecision {
    return decideClaim(message, now, {
      row,
      tombstone: !row && tasks.hasTombstone(id.identity),
      parkUntil: park && now + parkMs(park, row?.parked ?? 0),
      horizon: now - horizonMs,
      slotIsFree: () => concurrency.isFree(message.concurrencyKey ?? '', message.concurrencyLimit ?? 1),
    });
  }

  function carryOut(
    decision: ClaimDecision,
    claim: Claim,
    known: TaskRow,
    { lease, now }: { lease: Lease; now: number },
  ): Verdict {
    const row = known.number > 0 ? known : describedBy(known, claim.message);
    switch (decision.kind) {
      case 'run':
        move(row, 'running', now);
        row.run += 1;
        row.startedAt = now;
        row.begun = !runsAlone(row);
        row.leaseHolder = lease.holder;
        row.leaseUntil = now + lease.durationMs;
        row.slot = row.concurrencyKey !== undefined;
        row.progress = undefined;
        row.parked = 0;
        keep(row, claim);
        return {
          kind: 'run',
          run: row.run,
          attempts: row.attempts,
          crashes: row.crashes,
          version: row.version,
          alone: !row.begun,
        };
      case 'park':
        if (decision.until !== undefined) {
          move(row, 'scheduled', now);
          row.dueAt = decision.until;
          if (claim.park) {
            row.error = claim.park.reason;
            row.parked += 1;
          }
          keep(row, claim);
        }
        return { kind: 'park' };
      case 'block':
        if (row.state !== 'blocked') {
          concurrency.block(row, now);
          keep(row, claim);
        }
        return { kind: 'block' };
      case 'expire':
        move(row, 'expired', now);
        row.error = expiredError();
        keep(row, claim);
        concurrency.letGo(row, now);
        return { kind: 'expire', version: row.version };
      case 'drop':
        completeStub(known, claim.message);
        return { kind: 'drop' };
      case 'quarantine':
        return { kind: 'quarantine' };
    }
  }

  function keep(row: TaskRow, claim: Claim): void {
    const isNew = row.number === 0;
    row.hasBody = true;
    tasks.save(row);
    if (isNew) tasks.keepBody(row, claim.body);
  }

  /** A task that was cancelled before its message came has no name yet. */
  function completeStub(row: TaskRow, message: Message): void {
    if (row.number === 0 || row.task !== '' || row.id !== message.id) return;
    row.task = message.task;
    row.queue = message.queue;
    row.priority = message.priority;
    row.lane = message.lane;
    tasks.save(row);
  }
}

function idOf(message: Message): TaskId {
  const id = readTaskId(message.id);
  if (!id) throw new SluiceError('SLUICE_MESSAGE_INVALID', { reason: `its id "${message.id}" is none` });
  return id;
}
