import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import {
  defineConfig,
  RetryAfter,
  type ResultOf,
  type Sluice,
  task,
  type TaskContext,
} from '../../src/index.ts';
import { testTask } from '../../src/testing/index.ts';

// What the compiler says to whoever writes tasks. Compiled by `npm run types`, never run: an error that does not come
// where it is expected is one.

const input = z.object({
  url: z.url(),
  width: z.number().default(200),
  tags: z.array(z.string()).optional(),
});
const output = z.object({ kind: z.enum(['small', 'large']), bytes: z.number().default(0) });
declare const ctx: TaskContext;
declare const sluice: Sluice;

/** The least that is a Standard Schema: takes a text, gives a number. */
declare const count: StandardSchemaV1<string, number>;

interface Report {
  readonly title: string;
  readonly rows: readonly { readonly cells: string[] }[];
  readonly note?: string;
}
declare const report: Report;

// The input of a handler is what its schema makes of a request.
task('a', { input, run: (given) => expectTypeOf(given).toEqualTypeOf<z.output<typeof input>>() && null });
task('a', { input, run: ({ width }) => expectTypeOf(width).toEqualTypeOf<number>() && null });
task('a', { input: count, run: (given) => expectTypeOf(given).toEqualTypeOf<number>() && null });
task('a', {
  input: { type: 'object' },
  run: (given) => expectTypeOf(given).toEqualTypeOf<unknown>() && null,
});
// @ts-expect-error misspelled
task('a', { input, run: ({ widht }) => widht });
// @ts-expect-error it is a number after the schema
task('a', { input: count, run: (given: string) => given });
// @ts-expect-error nothing is known of it
task('a', { input: { type: 'object' }, run: ({ url }) => url });

// With an output schema a handler returns what goes into it.
const withOutput = task('a', { input, output, run: async () => ({ kind: 'small', bytes: 1 }) });
expectTypeOf<ResultOf<typeof withOutput>>().toEqualTypeOf<{ kind: 'small' | 'large'; bytes: number }>();
task('a', { input, output, run: async ({ width }) => ({ kind: width < 200 ? 'small' : 'large' }) });
task('a', { run: () => ({ kind: 'small' }), input, output });
task('a', { input, output: z.array(z.string()), run: ({ url }): readonly string[] => [url] });
task('a', { input, output: z.tuple([z.string(), z.number()]), run: async ({ url }) => [url, 1] });
task('a', { input, output: count, run: ({ url }) => url });
task('a', {
  input,
  output,
  run: () => {
    throw new RetryAfter('5s');
  },
});
// @ts-expect-error no such kind
task('a', { input, output, run: () => ({ kind: 'medium' }) });
// @ts-expect-error any text is no kind
task('a', { input, output, run: async ({ url }) => ({ kind: url }) });
// @ts-expect-error bytes are a number
task('a', { input, output, run: async () => ({ kind: 'small', bytes: 'many' }) });
// @ts-expect-error something is missing
task('a', { input, output, run: async () => ({ bytes: 1 }) });
// @ts-expect-error nothing is returned
task('a', { input, output, run: async () => undefined });
// @ts-expect-error it is a text that goes in
task('a', { input, output: count, run: () => 1 });

// Without one, or with plain JSON Schema, whatever can be written as JSON.
const without = task('a', { input, run: ({ url }) => ({ url, at: new Date(), none: undefined }) });
expectTypeOf<ResultOf<typeof without>>().toEqualTypeOf<{ url: string; at: string; none: undefined }>();
const reporting = task('a', { input, output: { type: 'object' }, run: async () => report });
expectTypeOf<ResultOf<typeof reporting>>().toExtend<Report>();
const nothing = task('a', { input, run: async () => undefined });
expectTypeOf<ResultOf<typeof nothing>>().toEqualTypeOf<null>();
task('a', { input, run: (given): unknown => given });
// @ts-expect-error JSON has no bigint
task('a', { input, run: () => ({ bytes: 1n }) });
// @ts-expect-error JSON has no Map
task('a', { input, run: async () => new Map([['a', 1]]) });
// @ts-expect-error nor functions
task('a', { input, run: () => () => 1 });
// @ts-expect-error it was not awaited
task('a', { input, run: ({ url }) => ({ page: fetch(url) }) });
// @ts-expect-error nor is it JSON where its schema is plain
task('a', { input, output: { type: 'object' }, run: () => ({ bytes: 1n }) });

// Durations.
task('a', { input, timeout: '30s', backoff: { base: '500ms', cap: '1.5h' }, run: () => 1 });
task('a', { input, timeout: 30_000, run: () => new RetryAfter('2d').message });
defineConfig({ grace: '1m' });
// @ts-expect-error
task('a', { input, timeout: '30 sec', run: () => 1 });
// @ts-expect-error
task('a', { input, backoff: { base: 'soon' }, run: () => 1 });
// @ts-expect-error
new RetryAfter('5 minutes');
// @ts-expect-error
ctx.enqueue('other', {}, { delay: '1 week' });
// @ts-expect-error
defineConfig({ grace: '' });
// @ts-expect-error
void sluice.enqueue('other', {}, { delay: '1y' });

// A task that is queued by its definition gets the input of its schema.
const plain = task('plain', { input: { type: 'object' }, run: () => 1 });
declare const frozen: readonly string[];
ctx.enqueue(withOutput, { url: 'https://example.com', tags: frozen }, { key: 'one', delay: '5m' });
ctx.enqueue(plain, { anything: 1 });
ctx.enqueue('by-name', { anything: 1 });
void sluice.enqueue(withOutput, { url: 'https://example.com' }, { idempotencyKey: 'one' });
void testTask(withOutput).run({ url: 'https://example.com' });
// @ts-expect-error a url is text
ctx.enqueue(withOutput, { url: 1 });
// @ts-expect-error
ctx.enqueue(withOutput, {});
// @ts-expect-error misspelled
ctx.enqueue(withOutput, { url: 'https://example.com', widht: 1 });
// @ts-expect-error there is no such option
ctx.enqueue(withOutput, { url: 'https://example.com' }, { idempotencyKey: 'one' });
// @ts-expect-error a url is text
void sluice.enqueue(withOutput, { url: 1 });
// @ts-expect-error a url is text
void testTask(withOutput).run({ url: 1 });
// @ts-expect-error no task
ctx.enqueue({ name: 'x' }, {});

// A task can queue itself where its handler says what it returns.
const pages = task('pages', {
  input,
  run: async ({ url }, { enqueue }): Promise<void> => void enqueue(pages, { url }),
});

// @ts-expect-error there is no such option
task('a', { input, retires: 5, run: () => 1 });
// @ts-expect-error no priority
task('a', { input, priority: 'urgent', run: () => 1 });
// @ts-expect-error no schema
task('a', { input: 'text', run: () => 1 });
// @ts-expect-error no handler
task('a', { input });
