import type { State } from './state.ts';
import type { Progress } from './task-record.ts';

/** Where a change or the progress of the task is told. */
export function taskTopic(id: string): string {
  return `task:${id}`;
}

/** Where the worker that runs the task hears that it shall stop. The payload is empty. */
export function cancelTopic(id: string): string {
  return `cancel:${id}`;
}

/** What is told about a task: that it moved, or how far its run is. */
export type TaskSignal =
  | { readonly state: State; readonly version: number }
  | { readonly progress: Progress };

export function encodeTaskSignal(signal: TaskSignal): string {
  return JSON.stringify(signal);
}
