import { SluiceError } from '../core/errors.ts';
import { type AnyDefinition, isDefinition } from '../core/task.ts';

/** How deep a definition may be inside of what a module exports: a namespace of files, a file's namespace, a list. */
const MAX_DEPTH = 4;

/**
 * The definitions among the exports of a module, and in the arrays, plain objects and namespaces that it exports.
 * @throws SluiceError `SLUICE_DEFINITION_DUPLICATE` for two definitions of one name, `SLUICE_TASKS_MISSING` for none
 */
export function collectDefinitions(exports: object, path: string): Map<string, AnyDefinition> {
  const found = new Map<string, { definition: AnyDefinition; where: string }>();
  visit(exports, [], (definition, where) => {
    const known = found.get(definition.name);
    if (known && known.definition !== definition) {
      const { name: task } = definition;
      throw new SluiceError('SLUICE_DEFINITION_DUPLICATE', { task, first: known.where, second: where });
    }
    if (!known) found.set(definition.name, { definition, where });
  });
  if (found.size === 0) throw new SluiceError('SLUICE_TASKS_MISSING', { path });
  return new Map([...found].map(([name, { definition }]) => [name, definition]));
}

function visit(
  value: unknown,
  path: string[],
  take: (definition: AnyDefinition, where: string) => void,
): void {
  if (isDefinition(value)) {
    take(value, path.join(': '));
    return;
  }
  if (!isContainer(value) || path.length >= MAX_DEPTH) return;
  for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key], take);
}

function isContainer(value: unknown): value is object {
  if (Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
