import type { EnqueueFromTask, TaskContext, TaskLog } from '../core/context.ts';
import type { Clock } from '../core/clock.ts';
import { parseDuration } from '../core/duration.ts';
import { SluiceError } from '../core/errors.ts';
import { encodeMessage, FIRST_LANE } from '../core/message.ts';
import type { RunRequest } from '../core/run-protocol.ts';
import type { AnyDefinition } from '../core/task.ts';
import type { TaskIds } from '../core/task-id.ts';
import { nameOf, type TaskReference } from '../core/task-reference.ts';
import type { WorkerChannel } from './worker-channel.ts';

/** What every run of a runner shares. */
export interface RunnerSetting {
  readonly definitions: ReadonlyMap<string, AnyDefinition>;
  readonly ids: TaskIds;
  readonly clock: Clock;
  readonly channel: WorkerChannel;
  readonly maxResultBytes: number;
  readonly maxBodyBytes: number;
}

const MAX_CHILDREN = 1000;
/** Bounds what one run can make the worker, which all tasks share, hold in memory. */
const MAX_CHILDREN_BYTES = 16 * 1024 * 1024;
const MAX_EXTRA_BYTES = 16 * 1024;

/** The `ctx` of one run, and the messages of the tasks that its handler enqueues. */
export class RunContext implements TaskContext {
  readonly id: string;
  readonly tenant: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  readonly idempotencyKey: string;
  readonly #followUps: string[] = [];
  #followUpBytes = 0;
  #over = false;
  readonly #request: RunRequest;
  readonly #setting: RunnerSetting;

  constructor(request: RunRequest, signal: AbortSignal, setting: RunnerSetting) {
    this.id = request.id;
    this.tenant = request.tenant;
    this.attempt = request.attempt;
    this.idempotencyKey = request.idempotencyKey;
    this.signal = signal;
    this.#request = request;
    this.#setting = setting;
    this.log = {
      debug: (message, data) => this.#log('debug', message, data),
      info: (message, data) => this.#log('info', message, data),
      warn: (message, data) => this.#log('warn', message, data),
      error: (message, data) => this.#log('error', message, data),
    };
    // Handlers take these off the context: ({ url }, { progress, enqueue }) => ...
    this.progress = this.progress.bind(this);
    this.enqueue = this.enqueue.bind(this);
  }

  /** The handler has returned. Gives the encoded messages of what it has enqueued; more would never be told. */
  end(): readonly string[] {
    this.#over = true;
    return this.#followUps;
  }

  progress(fraction: number, detail?: unknown): void {
    const { id, run } = this.#request;
    const bounded = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
    const kept = fits(detail) ? { detail } : {};
    this.#setting.channel.progress(id, run, { fraction: bounded, ...kept });
  }

  enqueue(task: TaskReference, input: unknown, options: EnqueueFromTask = {}): string {
    const name = nameOf(task);
    const definition = this.#setting.definitions.get(name);
    if (!definition) throw new SluiceError('SLUICE_TASK_UNKNOWN', { task: name });
    const { id, body } = this.#child(definition, this.#encode(name, input), options);
    this.#keep(body);
    return id;
  }

  #keep(body: string): void {
    if (this.#over) {
      throw refusal('The time of ctx.enqueue', 'after the end of the run', 'before the handler returns');
    }
    const children = this.#followUps.length + 1;
    const bytes = this.#followUpBytes + Buffer.byteLength(body);
    if (children > MAX_CHILDREN) {
      throw refusal(
        'The number of tasks that one run enqueues',
        children,
        `at most ${MAX_CHILDREN}; ${GO_ON}`,
      );
    }
    if (bytes > MAX_CHILDREN_BYTES) {
      throw refusal('The bytes that one run enqueues', bytes, `at most ${MAX_CHILDREN_BYTES}; ${GO_ON}`);
    }
    this.#followUps.push(body);
    this.#followUpBytes = bytes;
  }

  #encode(task: string, input: unknown): string {
    const json: string | undefined = JSON.stringify(input);
    if (json === undefined) {
      const errors = [{ pointer: '', message: 'it is not JSON' }];
      throw new SluiceError('SLUICE_INPUT_INVALID', { task, errors });
    }
    const limit = this.#setting.maxBodyBytes;
    if (Buffer.byteLength(json) > limit) throw new SluiceError('SLUICE_BODY_TOO_LARGE', { limit });
    return json;
  }

  #child(definition: AnyDefinition, input: string, options: EnqueueFromTask): { id: string; body: string } {
    const { id: parentId, tenant } = this.#request;
    const { name: task, queue, priority, concurrencyLimit } = definition;
    const { ids, clock } = this.#setting;
    const delayMs = options.delay === undefined ? undefined : parseDuration(options.delay, 'delay');
    const publishedAt = clock.now();
    // A key that the handler chose never reads like the number of a call.
    const call = options.key === undefined ? this.#followUps.length : `key/${options.key}`;
    const idempotencyKey = `${parentId}/${call}`;
    const id = ids.mint({ tenant, task, idempotencyKey, content: [input, String(delayMs ?? '')] }).text;
    const body = encodeMessage({
      id,
      run: 1,
      tenant,
      task,
      queue,
      priority,
      lane: FIRST_LANE,
      publishedAt,
      parentId,
      idempotencyKey,
      input,
      ...(delayMs === undefined ? {} : { dueAt: publishedAt + delayMs }),
      ...(concurrencyLimit === undefined ? {} : { concurrencyLimit, concurrencyKey: `${tenant}/${task}/` }),
    });
    return { id, body };
  }

  #log(level: keyof TaskLog, message: string, data: Record<string, unknown> | undefined): void {
    const extra = data !== undefined && fits(data) ? { data } : {};
    const text = String(message).slice(0, MAX_EXTRA_BYTES);
    const { id, run } = this.#request;
    this.#setting.channel.log({ kind: 'log', id, run, level, message: text, ...extra });
  }
}

/** True for what the channel to the worker can carry, and is small enough to bother it with. */
function fits(value: unknown): boolean {
  try {
    const json: string | undefined = JSON.stringify(value);
    return json !== undefined && json.length <= MAX_EXTRA_BYTES;
  } catch {
    return false;
  }
}

const GO_ON = 'let a task that it enqueues go on';

function refusal(option: string, value: string | number, expected: string): SluiceError {
  return new SluiceError('SLUICE_OPTION_INVALID', { option, value, expected });
}
