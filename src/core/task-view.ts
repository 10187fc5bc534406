import { isTerminal, type State } from './state.ts';
import type { TaskRecord } from './task-record.ts';

/** All that a reader of a task can be shown: its record and, while it is kept, the JSON of its result. */
export interface TaskView {
  readonly record: TaskRecord;
  readonly result?: string | undefined;
}

/** How long a copy of a task that has not ended may be served, in milliseconds. */
const LIVE_COPY_MS = 2000;

/** Where the copy of a task is kept in the cache. Its version is that of the record. */
export function taskViewKey(id: string): string {
  return `task:${id}`;
}

/** How long a copy in this state may be kept, given how long bodies are kept after the end. */
export function taskViewTtlMs(state: State, bodiesMs: number): number {
  return isTerminal(state) ? bodiesMs : LIVE_COPY_MS;
}

export function encodeTaskView(view: TaskView): string {
  return JSON.stringify(view);
}

/** The view, or undefined when `text` is none: what a cache holds is not to be trusted further than that. */
export function decodeTaskView(text: string): TaskView | undefined {
  try {
    const view: unknown = JSON.parse(text);
    return isTaskView(view) ? view : undefined;
  } catch {
    return undefined;
  }
}

function isTaskView(value: unknown): value is TaskView {
  if (typeof value !== 'object' || value === null || !('record' in value)) return false;
  const { record } = value;
  return typeof record === 'object' && record !== null && 'id' in record && 'state' in record;
}
