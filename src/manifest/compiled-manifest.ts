import { messageOf, SluiceError } from '../core/errors.ts';
import type { Issue } from '../core/schema.ts';
import type { Manifest, TaskManifest } from './manifest.ts';
import { type CompiledSchema, SchemaCompiler } from './schema-compiler.ts';
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
  const compilers = {
    quick: new SchemaCompiler(),
    thorough: new SchemaCompiler({ allErrors: true, validateSchema: false }),
  };
  const tasks = new Map(manifest.tasks.map((task) => [task.name, compileTask(task, compilers)] as const));
  return { manifest, task: (name) => tasks.get(name) };
}

interface Compilers {
  /** Stops at the first error. */
  readonly quick: SchemaCompiler;
  /** Goes on to the last; compiled only when an input is wrong, which is what needs it. */
  readonly thorough: SchemaCompiler;
}

function compileTask(task: TaskManifest, { quick, thorough }: Compilers): CompiledTask {
  const schema = compile(task, quick);
  let explain: CompiledSchema | undefined;
  return {
    manifest: task,
    check(input) {
      if (schema.fits(input)) return undefined;
      explain ??= thorough.compile(task.input);
      return schemaIssues(explain.fits(input) ? schema.errors : explain.errors);
    },
  };
}

function compile(task: TaskManifest, compiler: SchemaCompiler): CompiledSchema {
  try {
    return compiler.compile(task.input);
  } catch (error) {
    const reason = messageOf(error);
    throw new SluiceError(
      'SLUICE_SCHEMA_UNSUPPORTED',
      { task: task.name, side: 'input', reason },
      { cause: error },
    );
  }
}
