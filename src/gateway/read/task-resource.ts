import type { Message } from '../../core/message.ts';
import { FIRST_VERSION, isTerminal, type State } from '../../core/state.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { Progress, TaskRecord } from '../../core/task-record.ts';
import type { TaskView } from '../../core/task-view.ts';

/** A task as clients see it. Times are ISO 8601. */
export interface TaskResource {
  readonly id: string;
  /** Absent while only the queue knows it. */
  readonly task?: string | undefined;
  /** `accepted`: nothing but the acceptance can be told at the moment, see `stale`. */
  readonly status: State | 'accepted';
  /** Raised by each change of status. */
  readonly version?: number | undefined;
  /** How often the handler refused. */
  readonly attempts: number;
  /** How often a run was begun. */
  readonly run: number;
  /** How often its process died under it. */
  readonly crashes: number;
  /** How often the whole server, or a worker, died under it. Absent where that never happened. */
  readonly interruptions?: number | undefined;
  readonly createdAt: string;
  readonly startedAt?: string | undefined;
  readonly finishedAt?: string | undefined;
  readonly dueAt?: string | undefined;
  readonly deadlineAt?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly cancelRequested?: true | undefined;
  /** Of a task that succeeded, while it is kept. */
  readonly result?: unknown;
  /** Of a task that failed, or of the last attempt of one that is to be tried again. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly parentId?: string | undefined;
  /** `disk`: it is on the disk of the gateway that accepted it, until the queue can be reached. Told on acceptance. */
  readonly durability?: 'disk' | undefined;
  /** True where the state could not be asked for. */
  readonly stale?: true | undefined;
  readonly links: { readonly self: string; readonly result: string; readonly cancel: string };
}

/** Writes task resources as JSON, with links below one path. */
export class TaskResources {
  readonly #tasksPath: string;
  #lastCreated = { at: Number.NaN, text: '' };

  constructor(basePath: string) {
    this.#tasksPath = `${basePath}/v1/tasks/`;
  }

  /** Path of the task's resource. */
  pathOf(id: string): string {
    return this.#tasksPath + id;
  }

  /** @param view without a result where that is not wanted */
  ofView({ record, result }: TaskView): string {
    const text = JSON.stringify(this.#ofRecord(record));
    // The result is JSON already, and is passed on as the handler gave it.
    return result === undefined ? text : `${text.slice(0, -1)},"result":${result}}`;
  }

  /** A task that was accepted just now. Written by hand, since every accept pays for it. */
  ofAccepted({ id, task, publishedAt, dueAt, deadlineAt, tags }: Message, durability?: 'disk'): string {
    const more = dueAt ?? deadlineAt ?? tags ?? durability;
    const options =
      more === undefined
        ? ''
        : `,${JSON.stringify({ dueAt: time(dueAt), deadlineAt: time(deadlineAt), tags, durability }).slice(1, -1)}`;
    return (
      `{"id":"${id}","task":"${task}","status":"queued","version":${FIRST_VERSION},"attempts":0,"run":0,"crashes":0,` +
      `"createdAt":"${this.#created(publishedAt)}"${options},"links":${this.#links(id)}}`
    );
  }

  /** A task of which only the id speaks. `queued` where it is known to wait in the queue. */
  ofId(id: TaskId, status: 'queued' | 'accepted'): string {
    const what = status === 'queued' ? `"version":${FIRST_VERSION}` : '"stale":true';
    return (
      `{"id":"${id.text}","status":"${status}",${what},"attempts":0,"run":0,"crashes":0,` +
      `"createdAt":"${this.#created(id.time)}","links":${this.#links(id.text)}}`
    );
  }

  /** Requests come many to a millisecond, and writing a date costs more than the rest of a resource. */
  #created(at: number): string {
    if (at !== this.#lastCreated.at) this.#lastCreated = { at, text: new Date(at).toISOString() };
    return this.#lastCreated.text;
  }

  #ofRecord(record: TaskRecord): TaskResource {
    const { id, error, state } = record;
    return {
      id,
      task: record.task === '' ? undefined : record.task,
      status: state,
      version: record.version,
      attempts: record.attempts,
      run: record.run,
      crashes: record.crashes,
      interruptions: record.interruptions || undefined,
      createdAt: new Date(record.createdAt).toISOString(),
      startedAt: time(record.startedAt),
      finishedAt: time(record.finishedAt),
      dueAt: isTerminal(state) ? undefined : time(record.dueAt),
      deadlineAt: time(record.deadlineAt),
      progress: record.progress,
      cancelRequested: record.cancelRequested || undefined,
      error: error && { code: error.code, message: error.message },
      tags: record.tags,
      parentId: record.parentId,
      links: JSON.parse(this.#links(id)) as TaskResource['links'],
    };
  }

  #links(id: string): string {
    const self = this.#tasksPath + id;
    return `{"self":"${self}","result":"${self}/result","cancel":"${self}/cancel"}`;
  }
}

function time(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
