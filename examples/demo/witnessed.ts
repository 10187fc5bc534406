import { appendFileSync } from 'node:fs';
import type { TaskContext } from 'sluice';

/** A line of the file in which the handlers of the demo write what they do, where the system has no say. */
export interface Effect {
  readonly id: string;
  readonly what: 'began' | 'done';
  /** Of the runner. */
  readonly pid: number;
}

/** The task, with a line in the effects file when a run of it begins, and when it is done. */
export function witnessed<
  I,
  R,
  D extends { readonly run: (input: I, ctx: TaskContext) => R | PromiseLike<R> },
>(definition: D & { readonly run: (input: I, ctx: TaskContext) => R | PromiseLike<R> }): D {
  const run = async (input: I, ctx: TaskContext): Promise<R> => {
    note({ id: ctx.id, what: 'began', pid: process.pid });
    const result = await definition.run(input, ctx);
    note({ id: ctx.id, what: 'done', pid: process.pid });
    return result;
  };
  return { ...definition, run };
}

/** One write of one short line, which no crash tears apart. */
function note(effect: Effect): void {
  const file = process.env['DEMO_EFFECTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(effect)}\n`);
}
