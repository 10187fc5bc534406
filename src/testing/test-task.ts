import { AbortReason, type AbortCause, type EnqueueFromTask, type TaskContext } from '../core/context.ts';
import { systemClock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import { parseWith, type Schema } from '../core/schema.ts';
import type { AnyDefinition, ResultOf } from '../core/task.ts';
import { TaskIds } from '../core/task-id.ts';
import { type InputFor, nameOf, type TaskReference } from '../core/task-reference.ts';
import { DEFAULT_TENANT } from '../core/tenant.ts';
import type { Progress } from '../core/task-record.ts';
import { seededRandom } from './seeded-random.ts';

export interface TestRunOptions {
  readonly tenant?: string;
  /** Which attempt the handler is told it is. Default 1. */
  readonly attempt?: number;
  readonly idempotencyKey?: string;
  /** Aborts the run, as a cancel would. Its reason reaches the handler as an AbortReason. */
  readonly signal?: AbortSignal;
  /** What a signal stands for. Default `cancelled`. */
  readonly abortCause?: AbortCause;
}

/** What one run of a handler did. */
export interface TestRun<R> {
  /** What it returned, as a reader of the task would get it. */
  readonly result: R;
  readonly progress: readonly Progress[];
  readonly enqueued: readonly Enqueued[];
  readonly logged: readonly Logged[];
}

export interface Enqueued {
  readonly id: string;
  readonly task: string;
  readonly input: unknown;
  readonly options: EnqueueFromTask;
}

export interface Logged {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly data?: Record<string, unknown> | undefined;
}

export interface TestTask<D extends AnyDefinition> {
  /**
   * Runs the handler once, in this process, with the input and the result going through JSON and the schemas as they
   * would in a server. Rejects with what the handler threw.
   * @throws SluiceError `SLUICE_INPUT_INVALID` or `SLUICE_RESULT_INVALID`, with `issues` in its data
   */
  run(input: InputFor<D>, options?: TestRunOptions): Promise<TestRun<ResultOf<D>>>;
}

const TEST_SECRET = 'the secret of the tests of handlers';

/** A task to be tested without a server. */
export function testTask<D extends AnyDefinition>(definition: D): TestTask<D> {
  return {
    async run(input, options = {}) {
      const parsed = await parse(definition.input, viaJson(input), 'SLUICE_INPUT_INVALID', definition.name);
      const { context, seen } = makeContext(definition.name, options);
      const returned = await definition.run(parsed as never, context);
      const result = definition.output
        ? await parse(definition.output, returned, 'SLUICE_RESULT_INVALID', definition.name)
        : returned;
      return { result: viaJson(result) as ResultOf<D>, ...seen };
    },
  };
}

async function parse(
  schema: Schema,
  value: unknown,
  code: 'SLUICE_INPUT_INVALID' | 'SLUICE_RESULT_INVALID',
  task: string,
): Promise<unknown> {
  const parsed = await parseWith(schema, value);
  if (!parsed.issues) return parsed.value;
  const reason = parsed.issues.map(({ pointer, message }) => `${pointer || '/'}: ${message}`).join('; ');
  throw new SluiceError(code, { task, reason, issues: parsed.issues });
}

function viaJson(value: unknown): unknown {
  const json = JSON.stringify(value ?? null);
  if (json === undefined) throw new SluiceError('SLUICE_RESULT_INVALID', { reason: 'it is not JSON' });
  return JSON.parse(json);
}

function makeContext(
  task: string,
  options: TestRunOptions,
): { context: TaskContext; seen: { progress: Progress[]; enqueued: Enqueued[]; logged: Logged[] } } {
  const { tenant = DEFAULT_TENANT, attempt = 1, signal, abortCause = 'cancelled' } = options;
  const seen = { progress: [] as Progress[], enqueued: [] as Enqueued[], logged: [] as Logged[] };
  const ids = new TaskIds([TEST_SECRET], systemClock, seededRandom(1));
  const id = ids.mint({ tenant, task, content: [] }).text;
  const abort = new AbortController();
  const pass = (): void => abort.abort(new AbortReason(abortCause));
  if (signal?.aborted) pass();
  signal?.addEventListener('abort', pass, { once: true });
  const logAs =
    (level: Logged['level']) =>
    (message: string, data?: Record<string, unknown>): void => {
      seen.logged.push({ level, message, data });
    };
  const context: TaskContext = {
    id,
    tenant,
    attempt,
    signal: abort.signal,
    log: { debug: logAs('debug'), info: logAs('info'), warn: logAs('warn'), error: logAs('error') },
    idempotencyKey: options.idempotencyKey ?? id,
    progress: (fraction, detail) => void seen.progress.push({ fraction, detail }),
    enqueue: (target: TaskReference, input: unknown, enqueue: EnqueueFromTask = {}) => {
      const name = nameOf(target);
      const child = ids.mint({ tenant, task: name, content: [] }).text;
      seen.enqueued.push({ id: child, task: name, input: viaJson(input), options: enqueue });
      return child;
    },
  };
  return { context, seen };
}
