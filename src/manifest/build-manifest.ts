import { createHash } from 'node:crypto';
import { SluiceError, messageOf } from '../core/errors.ts';
import { type JsonSchema, type Schema, toJsonSchema } from '../core/schema.ts';
import type { AnyDefinition } from '../core/task.ts';
import type { Manifest, TaskManifest } from './manifest.ts';

/**
 * What gateways have to know of the definitions, ordered by name.
 * @throws SluiceError `SLUICE_SCHEMA_UNSUPPORTED` when a schema can not be written as JSON Schema
 */
export function buildManifest(definitions: readonly AnyDefinition[]): Manifest {
  const tasks = definitions
    .map(taskManifest)
    .toSorted((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
  return { format: 1, hash: createHash('sha256').update(JSON.stringify(tasks)).digest('hex'), tasks };
}

function taskManifest(definition: AnyDefinition): TaskManifest {
  const { name, description, queue, priority, retries, timeoutMs, concurrencyLimit } = definition;
  return {
    name,
    ...(description !== undefined && { description }),
    queue,
    priority,
    retries,
    backoffBaseMs: definition.backoffBaseMs,
    backoffCapMs: definition.backoffCapMs,
    timeoutMs,
    ...(concurrencyLimit !== undefined && { concurrencyLimit }),
    input: derive(name, definition.input, 'input'),
    ...(definition.output && { output: derive(name, definition.output, 'output') }),
  };
}

function derive(task: string, schema: Schema, side: 'input' | 'output'): JsonSchema {
  try {
    // Through text, since a manifest is JSON wherever it goes: what a schema object holds beside that is dropped here.
    return JSON.parse(JSON.stringify(toJsonSchema(schema, side))) as JsonSchema;
  } catch (error) {
    throw new SluiceError(
      'SLUICE_SCHEMA_UNSUPPORTED',
      { task, side, reason: messageOf(error) },
      { cause: error },
    );
  }
}
