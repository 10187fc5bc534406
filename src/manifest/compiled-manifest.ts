import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Issue, JsonSchema } from '../core/schema.ts';
import { AJV_OPTIONS } from './ajv-options.ts';
import type { Manifest, TaskManifest } from './manifest.ts';
import { schemaIssues } from './schema-issues.ts';

/** A task of which inputs can be checked. */
export interface CompiledTask {
  readonly manifest: TaskManifest;
  /** Everything that is wrong with an input, or undefined when nothing is. The input is not changed. */
  check(input: unknown): Issue[] | undefined;
}

/** A manifest that is ready for requests. */
export interface CompiledManifest {
  readonly manifest: Manifest;
  /** The task of that name, if there is one. */
  task(name: string): CompiledTask | undefined;
}

/**
 * Compiles the input schema of every task.
 * @throws SluiceError `SLUICE_SCHEMA_UNSUPPORTED` for a schema that is no JSON Schema of draft 2020-12
 */
export function compileManifest(manifest: Manifest): CompiledManifest {
  const quick = new Ajv2020(AJV_OPTIONS);
  const thorough = new Ajv2020({ ...AJV_OPTIONS, allErrors: true, validateSchema: false });
  const tasks = new Map(
    manifest.tasks.map((task) => [task.name, compileTask(task, { quick, thorough })] as const),
  );
  return { manifest, task: (name) => tasks.get(name) };
}

interface Compilers {
  /** Stops at the first error. */
  readonly quick: Ajv2020;
  /** Goes on to the last; compiled only when an input is wrong, which is what needs it. */
  readonly thorough: Ajv2020;
}

function compileTask(task: TaskManifest, { quick, thorough }: Compilers): CompiledTask {
  const isValid = compile(task, quick);
  let explain: ValidateFunction | undefined;
  return {
    manifest: task,
    check(input) {
      if (isValid(input)) return undefined;
      explain ??= thorough.compile(task.input);
      explain(input);
      return schemaIssues(explain.errors ?? isValid.errors ?? []);
    },
  };
}

function compile(task: TaskManifest, ajv: Ajv2020): ValidateFunction {
  const refuse = (reason: string, cause?: unknown): SluiceError =>
    new SluiceError('SLUICE_SCHEMA_UNSUPPORTED', { task: task.name, side: 'input', reason }, { cause });
  const schema: JsonSchema = task.input;
  if (schema['$async'] !== undefined) throw refuse('$async is not supported');
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}
