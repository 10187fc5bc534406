import { messageOf, SluiceError } from '../core/errors.ts';
import type { Issues, JsonSchema } from '../core/schema.ts';
import type { Manifest, TaskManifest } from './manifest.ts';
import type { Bounds } from './bounded-ajv.ts';
import { type CompiledSchema, SchemaCompiler } from './schema-compiler.ts';
import { schemaIssues } from './schema-issues.ts';

/** A task of which inputs can be checked. */
export interface CompiledTask {
  readonly manifest: TaskManifest;
  /**
   * What is wrong with an input, or undefined when nothing is, or nothing that can be found in good time: the runner has
   * the last word. Of some thousand errors the first is told. The input is not changed.
   */
  check(input: unknown): Issues | undefined;
}

/** A manifest that is ready for requests. */
export interface CompiledManifest {
  readonly manifest: Manifest;
  /** The task of that name, if there is one. */
  task(name: string): CompiledTask | undefined;
}

/** What the largest body needs with a common schema, and a fraction of a second at most. */
const QUICK: Bounds = { errors: 500_000, calls: 50_000 };
/** A few milliseconds of errors. */
const THOROUGH: Bounds = { errors: 2000, calls: 50_000 };

/**
 * Compiles the schemas of every task; that of the output only to find out whether its runners will be able to.
 * @throws SluiceError `SLUICE_SCHEMA_UNSUPPORTED` for a schema that is no JSON Schema of draft 2020-12
 */
export function compileManifest(manifest: Manifest): CompiledManifest {
  const compilers = {
    quick: new SchemaCompiler({ bounds: QUICK }),
    thorough: new SchemaCompiler({ bounds: THOROUGH, allErrors: true, validateSchema: false }),
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
  const schema = compile(task.name, 'input', task.input, quick);
  if (task.output) compile(task.name, 'output', task.output, quick);
  let explain: CompiledSchema | undefined;
  return {
    manifest: task,
    check(input) {
      if (schema.fits(input) !== false) return undefined;
      explain ??= thorough.compile(task.input);
      if (explain.fits(input) === false) return schemaIssues(explain.errors);
      return { ...schemaIssues(schema.errors), moreErrors: true };
    },
  };
}

function compile(
  task: string,
  side: 'input' | 'output',
  schema: JsonSchema,
  compiler: SchemaCompiler,
): CompiledSchema {
  try {
    return compiler.compile(schema);
  } catch (error) {
    const reason = messageOf(error);
    throw new SluiceError('SLUICE_SCHEMA_UNSUPPORTED', { task, side, reason }, { cause: error });
  }
}
