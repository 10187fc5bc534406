import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * What a task's input or output can be described with: a schema of any Standard Schema library (zod, arktype, valibot,
 * ...), which also transforms and applies defaults, or a plain JSON Schema, which only checks.
 * @see https://standardschema.dev
 */
export type Schema = StandardSchemaV1 | JsonSchema;

/** What a caller sends. Nothing is known of it for a plain JSON Schema. */
export type InputOf<S extends Schema> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : unknown;

/** What a handler receives: after defaults and transforms. Nothing is known of it for a plain JSON Schema. */
export type OutputOf<S extends Schema> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : unknown;

/** One thing that is wrong with a value: where, as a JSON pointer (RFC 6901), and what. */
export interface Issue {
  readonly pointer: string;
  readonly message: string;
}

/** What is wrong with a value. */
export interface Issues {
  /** `MAX_ISSUES` at most. */
  readonly errors: readonly Issue[];
  /** There is more than is listed. */
  readonly moreErrors?: true;
}

/** More than this nobody reads, and an answer has to be of bounded size. */
export const MAX_ISSUES = 100;

/** The first of `issues`, and whether there are more. */
export function firstIssues(issues: readonly Issue[]): Issues {
  const errors = issues.slice(0, MAX_ISSUES);
  return issues.length > MAX_ISSUES ? { errors, moreErrors: true } : { errors };
}

export function isStandardSchema(schema: Schema): schema is StandardSchemaV1 {
  return '~standard' in schema;
}

/**
 * JSON Schema of the value that goes into (`input`) or comes out of (`output`) a Standard Schema.
 * @throws Error with the library's reason when it has no JSON Schema for it
 */
export function toJsonSchema(schema: Schema, side: 'input' | 'output'): JsonSchema {
  if (!isStandardSchema(schema)) return schema;
  const convert = (schema as unknown as StandardJSONSchemaV1)['~standard'].jsonSchema?.[side];
  if (!convert) throw new Error(`the library "${schema['~standard'].vendor}" does not say how`);
  return convert({ target: 'draft-2020-12' });
}

/** The parsed value, or what is wrong with it. A plain JSON Schema is taken as checked before. */
export async function parseWith(
  schema: Schema,
  value: unknown,
): Promise<{ value: unknown; issues?: undefined } | { issues: Issue[] }> {
  if (!isStandardSchema(schema)) return { value };
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return { value: result.value };
  return {
    issues: result.issues.map((issue) => ({ pointer: pointerOf(issue.path), message: issue.message })),
  };
}

function pointerOf(path: StandardSchemaV1.Issue['path']): string {
  return (path ?? [])
    .map((segment) => String(typeof segment === 'object' ? segment.key : segment))
    .map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
