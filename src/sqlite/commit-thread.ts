import { parentPort, workerData } from 'node:worker_threads';
import { type Connection, openConnection } from './binding.ts';
import { migrate } from './migrate.ts';
import type {
  BatchResult,
  OperationCall,
  OperationResult,
  Operations,
  ThreadData,
  WriteOperations,
} from './operation-module.ts';
import { type Fault, faultOf, refused, tellingFaults } from './sqlite-fault.ts';
import { loadModules } from './thread-modules.ts';

// The one writer of the file. Each batch that arrives is one transaction, synced before it is answered.

const BUSY_TIMEOUT_MS = 5000;
/** Messages of some KiB fill the pages of a commit better than with the usual 4096. Only a new file takes it. */
const PAGE_BYTES = 8192;
/** Pages of the write-ahead log after which a commit also moves it into the file: 16 MiB. */
const CHECKPOINT_PAGES = 2000;

const { file, modules: urls } = workerData as ThreadData;
const connection = tellingFaults(() => openConnection(file, BUSY_TIMEOUT_MS));
tellingFaults(() => prepareFile(connection));
const modules = await loadModules(urls);
tellingFaults(() => migrate(connection, modules));
const writers = new Map(modules.map((module) => [module.name, module.writes(connection)]));
const begin = connection.prepare('BEGIN IMMEDIATE');
const commit = connection.prepare('COMMIT');

parentPort?.on('message', (calls: OperationCall[]) => parentPort?.postMessage(runBatch(calls)));
parentPort?.postMessage('ready');

/** @see https://www.sqlite.org/pragma.html#pragma_synchronous */
function prepareFile(opened: Connection): void {
  opened.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  opened.exec('PRAGMA journal_mode = WAL');
  opened.exec('PRAGMA synchronous = FULL');
  opened.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  // After a failed sync nobody knows which pages of the log reached the disk, though all of them can still be read:
  // writing them into the file, and syncing that, is the way back to certainty.
  const [busy] = opened.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? [];
  if (busy !== 0) throw new Error('the write-ahead log could not be moved into the file');
}

function runBatch(calls: readonly OperationCall[]): BatchResult {
  const together = inTransaction(() => calls.map((call) => ({ ok: true, value: run(call) }) as const));
  if (together.ok) return { results: together.value };
  if (together.fault.reach === 'call' && calls.length > 1) return runEachAlone(calls);
  return failed(calls, together.fault);
}

/** One call of the batch is at fault: found by giving each its own transaction, so that the others go through. */
function runEachAlone(calls: readonly OperationCall[]): BatchResult {
  const results: OperationResult[] = [];
  for (const [index, call] of calls.entries()) {
    const alone = inTransaction(() => run(call));
    if (alone.ok) {
      results.push({ ok: true, value: alone.value });
    } else if (alone.fault.reach === 'broken') {
      const rest = failed(calls.slice(index), alone.fault);
      return { ...rest, results: [...results, ...rest.results] };
    } else {
      results.push(refused(alone.fault));
    }
  }
  return { results };
}

function failed(calls: readonly OperationCall[], fault: Fault): BatchResult {
  const results = calls.map(() => refused(fault));
  return fault.reach === 'broken' ? { results, broken: fault.message } : { results };
}

function inTransaction<T>(work: () => T): { ok: true; value: T } | { ok: false; fault: Fault } {
  try {
    begin.run();
    const value = work();
    for (const writer of writers.values()) writer.beforeCommit?.();
    commit.run();
    return { ok: true, value };
  } catch (thrown) {
    rollBack();
    return { ok: false, fault: faultOf(thrown) };
  }
}

function rollBack(): void {
  for (const writer of writers.values()) writer.onRollback?.();
  try {
    connection.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full or broken.
  }
}

function run([moduleName, operation, args]: OperationCall): unknown {
  const writer: WriteOperations<Operations> | undefined = writers.get(moduleName);
  const execute = writer?.operations[operation];
  if (!execute) throw new Error(`there is no operation ${moduleName}.${operation}`);
  return execute(args as never);
}
