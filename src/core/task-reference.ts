import type { DeepReadonly } from './json.ts';
import type { InputOf, Schema } from './schema.ts';

/** A task to queue: its definition, so that the compiler checks the input, or its name. */
export type TaskReference = string | { readonly name: string; readonly input: Schema };

/** What can be sent to the task: the input of its schema; anything to a name, or where the schema is plain JSON Schema. */
export type InputFor<T extends TaskReference> = T extends { readonly input: infer S extends Schema }
  ? DeepReadonly<InputOf<S>>
  : unknown;

export function nameOf(task: TaskReference): string {
  return typeof task === 'string' ? task : task.name;
}
