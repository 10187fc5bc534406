import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskContext } from './context.ts';
import { type Duration, parseDuration } from './duration.ts';
import { SluiceError } from './errors.ts';
import type { DeepReadonly, Jsonable, JsonOf } from './json.ts';
import { PRIORITIES, type Priority } from './message.ts';
import { DEFAULT_RETRY_POLICY } from './retry-policy.ts';
import type { InputOf, OutputOf, Schema } from './schema.ts';

/**
 * What a handler that returns `R` may return: with a Standard Schema as `output`, what goes into that schema, which
 * parses it; else anything that can be written as JSON.
 */
export type Returnable<O, R> = O extends StandardSchemaV1 ? DeepReadonly<InputOf<O>> : Jsonable<R>;

/** What a task is made of. `I` and `O` are its schemas, `R` what its handler returns or resolves to. */
export interface TaskOptions<I extends Schema, O extends Schema | undefined, R> {
  /** Schema of the input. Requests are checked against it before they are accepted. */
  readonly input: I;
  /** Schema of the result. What the handler returns is parsed with it. */
  readonly output?: O;
  /** One sentence for the API documentation. */
  readonly description?: string;
  /** Further attempts after the first fails. Default 3. */
  readonly retries?: number;
  /** Bounds of the exponential back-off between attempts. Default 1s to 1h. */
  readonly backoff?: { readonly base?: Duration; readonly cap?: Duration };
  /** How long one run may take. Default 5m. */
  readonly timeout?: Duration;
  /** Default `normal`; a request can say otherwise. */
  readonly priority?: Priority;
  /** Name of the queue it waits in. Default `default`. */
  readonly queue?: string;
  /** At most `limit` tasks of the same `?key=` (of this task as a whole, without one) run at a time. A limit of 1 also
   * keeps them in order, through every retry. */
  readonly concurrency?: { readonly limit: number };
  /** Runs the task. May run more than once: see `ctx.idempotencyKey`. */
  readonly run: (input: OutputOf<I>, ctx: TaskContext) => R | PromiseLike<R>;
}

/** A task as `task()` made it. */
export interface Definition<
  I extends Schema = Schema,
  O extends Schema | undefined = Schema | undefined,
  R = unknown,
> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  readonly description: string | undefined;
  readonly retries: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly timeoutMs: number;
  readonly priority: Priority;
  readonly queue: string;
  readonly concurrencyLimit: number | undefined;
  readonly run: (input: OutputOf<I>, ctx: TaskContext) => R | PromiseLike<R>;
  readonly [DEFINITION]: true;
}

/** A definition of which only the outside matters. `never` for the handler's input, so that every definition fits. */
export type AnyDefinition = Omit<Definition, 'run' | 'input'> & {
  readonly input: Schema;
  readonly run: (input: never, ctx: TaskContext) => unknown;
};

/** Type of the result that a reader of the task gets. */
export type ResultOf<D extends AnyDefinition> = D['output'] extends StandardSchemaV1
  ? OutputOf<D['output']>
  : JsonOf<Awaited<ReturnType<D['run']>>>;

const DEFINITION = Symbol.for('sluice.definition');
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const DEFAULT_TIMEOUT = '5m';
/** Where workers put messages that can not be used: whoever worked on it would put them there again for ever. */
export const RESERVED_QUEUE = 'quarantine';
const MAX_RETRIES = 1000;
const OPTIONS: Readonly<Record<keyof TaskOptions<Schema, Schema, unknown>, true>> = {
  input: true,
  output: true,
  description: true,
  retries: true,
  backoff: true,
  timeout: true,
  priority: true,
  queue: true,
  concurrency: true,
  run: true,
};

/**
 * Defines a task. Export the result from a file in `tasks/`.
 * @throws SluiceError `SLUICE_DEFINITION_INVALID`, or `SLUICE_OPTION_INVALID` for a duration that is none
 */
export function task<
  I extends Schema,
  const R extends Returnable<O, R>,
  O extends Schema | undefined = undefined,
>(name: string, options: TaskOptions<I, O, R>): Definition<I, O, R> {
  check(name, options);
  const { timeout = DEFAULT_TIMEOUT } = options;
  const { base = DEFAULT_RETRY_POLICY.baseMs, cap = DEFAULT_RETRY_POLICY.capMs } = options.backoff ?? {};
  const backoffBaseMs = parseDuration(base, `backoff.base of task "${name}"`);
  const backoffCapMs = parseDuration(cap, `backoff.cap of task "${name}"`);
  if (backoffCapMs < backoffBaseMs)
    throw invalid(name, `backoff.cap, ${cap}, is less than backoff.base, ${base}`);
  return {
    name,
    input: options.input,
    output: options.output as O,
    description: options.description,
    retries: options.retries ?? DEFAULT_RETRY_POLICY.retries,
    backoffBaseMs,
    backoffCapMs,
    timeoutMs: parseDuration(timeout, `timeout of task "${name}"`, 1),
    priority: options.priority ?? 'normal',
    queue: options.queue ?? 'default',
    concurrencyLimit: options.concurrency?.limit,
    run: options.run,
    [DEFINITION]: true,
  };
}

/** True for what `task()` of any copy of this package returned. */
export function isDefinition(value: unknown): value is AnyDefinition {
  return typeof value === 'object' && value !== null && DEFINITION in value;
}

function check(name: string, options: TaskOptions<Schema, Schema | undefined, unknown>): void {
  const broken = rules(name, options).find(([holds]) => !holds);
  if (broken) throw invalid(name, broken[1]);
}

function invalid(name: string, reason: string): SluiceError {
  return new SluiceError('SLUICE_DEFINITION_INVALID', { task: JSON.stringify(name), reason });
}

function rules(
  name: string,
  options: TaskOptions<Schema, Schema | undefined, unknown>,
): [holds: boolean, rule: string][] {
  const { input, run, retries = 0, priority = 'normal', queue = 'default' } = options;
  const { backoff = {}, concurrency = { limit: 1 } } = options;
  const unknown = Object.keys(options).find((option) => !Object.hasOwn(OPTIONS, option));
  return [
    [NAME.test(name), 'a name is a lower-case letter, then up to 62 lower-case letters, digits and hyphens'],
    [unknown === undefined, `there is no option "${unknown}"; known are ${Object.keys(OPTIONS).join(', ')}`],
    [isSchema(input), 'input has to be a schema'],
    [options.output === undefined || isSchema(options.output), 'output has to be a schema'],
    [typeof run === 'function', 'run has to be a function'],
    [
      isWhole(retries, 0) && retries <= MAX_RETRIES,
      `retries has to be a whole number from 0 to ${MAX_RETRIES}`,
    ],
    [PRIORITIES.includes(priority), `priority has to be one of ${PRIORITIES.join(', ')}`],
    [NAME.test(queue), 'queue has to be a name like that of a task'],
    [queue !== RESERVED_QUEUE, `queue can not be ${RESERVED_QUEUE}, which holds what nobody can use`],
    [hasOnly(backoff, ['base', 'cap']), 'backoff has to be { base, cap }, of which each can be left out'],
    [hasOnly(concurrency, ['limit']), 'concurrency has to be { limit }'],
    [isWhole(concurrency?.limit, 1), 'concurrency.limit has to be a whole number above 0'],
  ];
}

function isSchema(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function hasOnly(value: unknown, fields: readonly string[]): boolean {
  return (
    typeof value === 'object' && value !== null && Object.keys(value).every((key) => fields.includes(key))
  );
}

function isWhole(value: number, from: number): boolean {
  return Number.isInteger(value) && value >= from;
}
