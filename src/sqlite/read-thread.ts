import { parentPort, workerData } from 'node:worker_threads';
import { openConnection } from './binding.ts';
import type { BatchResult, OperationCall, OperationResult, ThreadData } from './operation-module.ts';
import { faultOf, refused, tellingFaults } from './sqlite-fault.ts';
import { loadModules } from './thread-modules.ts';

// The one reader of the file: sees what has been committed, and never makes the writer wait.

const BUSY_TIMEOUT_MS = 5000;

const { file, modules: urls } = workerData as ThreadData;
const connection = tellingFaults(() => openConnection(file, BUSY_TIMEOUT_MS));
tellingFaults(() => connection.exec('PRAGMA query_only = 1'));
const modules = await loadModules(urls);
const readers = new Map(modules.map((module) => [module.name, module.reads(connection)]));

parentPort?.on('message', (calls: OperationCall[]) => parentPort?.postMessage(readAll(calls)));
parentPort?.postMessage('ready');

function readAll(calls: readonly OperationCall[]): BatchResult {
  let broken: string | undefined;
  const results = calls.map((call): OperationResult => {
    try {
      return { ok: true, value: read(call) };
    } catch (thrown) {
      const fault = faultOf(thrown);
      if (fault.reach === 'broken') broken = fault.message;
      return refused(fault);
    }
  });
  return { results, broken };
}

function read([moduleName, operation, args]: OperationCall): unknown {
  const execute = readers.get(moduleName)?.[operation];
  if (!execute) throw new Error(`there is no operation ${moduleName}.${operation}`);
  return execute(args as never);
}
