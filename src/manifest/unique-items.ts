import type { FuncKeywordDefinition } from 'ajv/dist/2020.js';

/** The keyword `uniqueItems`, in time that grows with the items; Ajv's own compares each with each other. */
export const UNIQUE_ITEMS: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  error: { message: 'must NOT have duplicate items' },
  validate: (unique: boolean, items: readonly unknown[]) => !unique || areUnique(items),
};

function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set<unknown>();
  const seenTexts = new Set<string>();
  return items.every((item) => {
    const isValue = typeof item !== 'object' || item === null;
    return isValue ? isNew(seen, item) : isNew(seenTexts, textOf(item));
  });
}

function isNew<T>(seen: Set<T>, item: T): boolean {
  const { size } = seen;
  return seen.add(item).size > size;
}

/** The same for what JSON Schema calls equal, whatever the order of the properties. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const properties = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${textOf(item)}`);
  return `{${properties.toSorted().join(',')}}`;
}
