import type { JsonSchema } from '../core/schema.ts';

/** What is wrong with a value, or undefined. */
export type Check = (value: unknown) => string | undefined;

const checks = new WeakMap<JsonSchema, Promise<Check>>();

/** The check of a plain JSON Schema. The validator is loaded with the first of them: most tasks need none, and it takes
 * memory in every runner. */
export async function checkOf(schema: JsonSchema): Promise<Check> {
  const known = checks.get(schema);
  if (known) return known;
  const compiled = compile(schema);
  checks.set(schema, compiled);
  return compiled;
}

async function compile(schema: JsonSchema): Promise<Check> {
  const { SchemaCompiler } = await import('../manifest/schema-compiler.ts');
  const compiler = new SchemaCompiler();
  const compiled = compiler.compile(schema);
  return (value) => (compiled.fits(value) ? undefined : compiler.textOf(compiled.errors));
}
