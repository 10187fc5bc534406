import { type AbortCause, AbortReason } from '../core/context.ts';
import { SluiceError } from '../core/errors.ts';
import type { RunOutcome, RunRequest } from '../core/run-protocol.ts';
import { isStandardSchema, parseWith, type Schema } from '../core/schema.ts';
import type { AnyDefinition } from '../core/task.ts';
import { checkOf } from './plain-schema.ts';
import { RunContext, type RunnerSetting } from './task-context.ts';
import { taskErrorOf, threwBy, threwForGood } from './thrown.ts';

/** A value, or why there is none. */
type Parsed = { readonly value: unknown } | { readonly refusal: string };

type Written = { readonly json: string } | { readonly refusal: SluiceError };

const MAX_ISSUES_TOLD = 5;

/** One execution of a handler: input parsed, handler called, result parsed and written as JSON. */
export class HandlerRun {
  readonly request: RunRequest;
  readonly #controller = new AbortController();
  readonly #setting: RunnerSetting;

  constructor(request: RunRequest, setting: RunnerSetting) {
    this.request = request;
    this.#setting = setting;
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }

  abort(cause: AbortCause): void {
    this.#controller.abort(new AbortReason(cause));
  }

  /** Never rejects. */
  async outcome(): Promise<RunOutcome> {
    try {
      return await this.#run();
    } catch (thrown) {
      return threwBy(thrown);
    }
  }

  async #run(): Promise<RunOutcome> {
    const { task } = this.request;
    const definition = this.#setting.definitions.get(task);
    if (!definition) throw new SluiceError('SLUICE_TASK_UNKNOWN', { task });
    const input = await parse(definition.input, () => JSON.parse(this.request.input) as unknown);
    if ('refusal' in input)
      return threwForGood(new SluiceError('SLUICE_INPUT_INVALID', { task }), input.refusal);
    const context = new RunContext(this.request, this.#controller.signal, this.#setting);
    // The input's type is known to the author only; the schema has just vouched for the value.
    const returned = await definition.run(input.value as never, context);
    const followUps = context.end();
    const written = await this.#write(definition, returned);
    if ('refusal' in written) return threwForGood(written.refusal);
    return { kind: 'returned', result: written.json, followUps };
  }

  async #write({ output }: AnyDefinition, returned: unknown): Promise<Written> {
    const parsed = output ? await parse(output, () => returned) : { value: returned };
    const json = 'refusal' in parsed ? parsed : toJson(parsed.value);
    if ('refusal' in json) {
      return { refusal: new SluiceError('SLUICE_RESULT_INVALID', { reason: json.refusal }) };
    }
    const bytes = Buffer.byteLength(json.json);
    const limit = this.#setting.maxResultBytes;
    if (bytes <= limit) return json;
    return { refusal: new SluiceError('SLUICE_RESULT_TOO_LARGE', { bytes, limit }) };
  }
}

async function parse(schema: Schema, read: () => unknown): Promise<Parsed> {
  try {
    const value = read();
    if (!isStandardSchema(schema)) {
      const refusal = (await checkOf(schema))(value);
      return refusal === undefined ? { value } : { refusal };
    }
    const parsed = await parseWith(schema, value);
    if (!parsed.issues) return { value: parsed.value };
    const told = parsed.issues.slice(0, MAX_ISSUES_TOLD);
    return { refusal: told.map(({ pointer, message }) => `${pointer || '/'}: ${message}`).join('; ') };
  } catch (thrown) {
    return { refusal: taskErrorOf(thrown).message };
  }
}

/** A handler that returns nothing has the result `null`. */
function toJson(value: unknown): { readonly json: string } | { readonly refusal: string } {
  if (value === undefined) return { json: 'null' };
  try {
    const json: string | undefined = JSON.stringify(value);
    return json === undefined ? { refusal: `a ${typeof value} is not JSON` } : { json };
  } catch (thrown) {
    return { refusal: taskErrorOf(thrown).message };
  }
}
