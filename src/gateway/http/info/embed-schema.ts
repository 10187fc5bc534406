import type { JsonSchema } from '../../../core/schema.ts';

/**
 * A schema as part of a larger document: its references into itself begin at `at`, the place it is put. A schema with
 * an `$id` is a document of its own wherever it stands, so its references stay.
 */
export function embedSchema(schema: JsonSchema, at: string): JsonSchema {
  const { $schema: _dialect, ...rest } = schema;
  return typeof rest['$id'] === 'string' ? rest : (rebase(rest, at) as JsonSchema);
}

function rebase(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rebase(item, at));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' && item.startsWith('#')
        ? at + item.slice(1)
        : rebase(item, at),
    ]),
  );
}
