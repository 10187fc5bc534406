import type { OperationResult } from './operation-module.ts';

// Result codes by what they mean here. https://www.sqlite.org/rescode.html
const BROKEN = /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|PROTOCOL)/;
const UNAVAILABLE = /^SQLITE_(FULL|BUSY|LOCKED|READONLY|NOMEM|INTERRUPT)/;

/** How far a failure of SQLite reaches. */
export interface Fault {
  /** `broken`: the handle. `unavailable`: every call for now. `call`: this call alone. */
  readonly reach: 'broken' | 'unavailable' | 'call';
  readonly message: string;
}

export function faultOf(thrown: unknown): Fault {
  const code = codeOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (BROKEN.test(code)) return { reach: 'broken', message: `${code}: ${message}` };
  if (UNAVAILABLE.test(code)) return { reach: 'unavailable', message: `${code}: ${message}` };
  return { reach: 'call', message };
}

/** What `work` returns. What it throws is an error that keeps its message on the way to another thread: one of libsql does not. */
export function tellingFaults<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw new Error(faultOf(thrown).message);
  }
}

export function refused(fault: Fault): OperationResult {
  return { ok: false, unavailable: fault.reach !== 'call', message: fault.message };
}

function codeOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
}
