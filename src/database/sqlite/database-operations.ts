import type { Connection } from '../../sqlite/binding.ts';
import type { OperationModule, WriteOperations } from '../../sqlite/operation-module.ts';
import { cancelOperation, rejectOperation } from './cancel-operation.ts';
import { claimOperation } from './claim-operation.ts';
import { Concurrency } from './concurrency.ts';
import { followUpOperations } from './follow-up-operations.ts';
import { leaseOperations } from './lease-operations.ts';
import { MIGRATIONS } from './migrations.ts';
import { type DatabaseReads, readOperations } from './read-operations.ts';
import { sweepOperation } from './retention-operation.ts';
import { scheduleOperations } from './schedule-operations.ts';
import { settleOperation } from './settle-operation.ts';
import { TaskTable } from './task-table.ts';

export type DatabaseWrites = ReturnType<typeof writeOperations>;

export const operationModule: OperationModule<DatabaseWrites, DatabaseReads> = {
  name: 'database',
  migrations: MIGRATIONS,
  writes: (connection): WriteOperations<DatabaseWrites> => ({ operations: writeOperations(connection) }),
  reads: readOperations,
};

function writeOperations(connection: Connection) {
  const tasks = new TaskTable(connection);
  const concurrency = new Concurrency(connection, tasks);
  return {
    claim: claimOperation(tasks, concurrency),
    settle: settleOperation(connection, tasks, concurrency),
    cancel: cancelOperation(tasks, concurrency),
    reject: rejectOperation(tasks, concurrency),
    sweep: sweepOperation(connection),
    ...leaseOperations(connection, tasks, concurrency),
    ...scheduleOperations(connection, tasks),
    ...followUpOperations(connection),
  };
}
