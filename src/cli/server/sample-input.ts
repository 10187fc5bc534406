import type { JsonSchema } from '../../core/schema.ts';

const FORMATS: Record<string, string> = {
  uri: 'https://example.com',
  email: 'ada@example.com',
  'date-time': '2030-01-31T08:00:00Z',
  date: '2030-01-31',
  uuid: '0f8fad5b-d9cb-469f-a165-70867728950e',
};
const MAX_DEPTH = 8;

/** A value that probably fits `schema`, for an example to paste: what is required, as short as it may be. */
export function sampleInput(schema: JsonSchema, depth = 0): unknown {
  if (depth > MAX_DEPTH) return null;
  const given = schema['default'] ?? schema['const'] ?? first(schema['examples']) ?? first(schema['enum']);
  if (given !== undefined) return given;
  const choice = first(schema['anyOf']) ?? first(schema['oneOf']);
  if (choice !== undefined) return sampleInput(choice as JsonSchema, depth + 1);
  const type = String(Array.isArray(schema['type']) ? schema['type'][0] : schema['type']);
  return (BY_TYPE[type] ?? sampleObject)(schema, depth);
}

const BY_TYPE: Record<string, (schema: JsonSchema, depth: number) => unknown> = {
  string: sampleText,
  integer: sampleNumber,
  number: sampleNumber,
  boolean: () => true,
  array: sampleList,
  null: () => null,
};

function sampleNumber(schema: JsonSchema): number {
  const { minimum, exclusiveMinimum, maximum } = schema;
  const above = numberOf(exclusiveMinimum);
  const least = numberOf(minimum) ?? (above === undefined ? -Infinity : above + 1);
  return Math.max(least, Math.min(1, numberOf(maximum) ?? 1));
}

function sampleText(schema: JsonSchema): string {
  const text = FORMATS[String(schema['format'])] ?? 'text';
  return text.padEnd(numberOf(schema['minLength']) ?? 0, 'x');
}

function sampleList(schema: JsonSchema, depth: number): unknown[] {
  const length = numberOf(schema['minItems']) ?? 0;
  const item = schema['items'] as JsonSchema | undefined;
  return Array.from({ length }, () => (item ? sampleInput(item, depth + 1) : null));
}

function sampleObject(schema: JsonSchema, depth: number): Record<string, unknown> {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
  return Object.fromEntries(required.map((name) => [name, sampleInput(properties[name] ?? {}, depth + 1)]));
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
