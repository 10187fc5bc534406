import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JsonSchema, Schema } from '../../src/core/schema.ts';
import { task } from '../../src/core/task.ts';
import { buildManifest } from '../../src/manifest/build-manifest.ts';
import { compileManifest, type CompiledTask } from '../../src/manifest/compiled-manifest.ts';

function compile(input: Schema): CompiledTask {
  const manifest = buildManifest([task('tried', { input, run: () => undefined })]);
  const compiled = compileManifest(manifest).task('tried');
  if (!compiled) throw new Error('the task is not there');
  return compiled;
}

function recursive(): z.ZodType {
  const node: z.ZodType = z.object({
    n: z.number().optional(),
    get of() {
      return node.optional();
    },
  });
  return node;
}

function expression(order: 'kind first' | 'kind last'): z.ZodType {
  const operation = (name: string): z.ZodObject =>
    order === 'kind first'
      ? z.object({ kind: z.literal(name), of: anyExpression })
      : z.object({ of: anyExpression, kind: z.literal(name) });
  const anyExpression: z.ZodType = z.lazy(() =>
    z.union([z.object({ kind: z.literal('num'), value: z.number() }), operation('neg'), operation('abs')]),
  );
  return anyExpression;
}

describe('compileManifest', () => {
  it('finds tasks by name only', () => {
    const compiled = compileManifest(buildManifest([]));
    expect(compiled.task('constructor')).toBeUndefined();
  });

  it('takes what the schema allows, and does not change it', () => {
    const input = { a: 'x' };
    expect(compile(z.object({ a: z.string(), b: z.number().default(1) })).check(input)).toBeUndefined();
    expect(input).toEqual({ a: 'x' });
  });

  it('points at everything that is wrong', () => {
    const schema: JsonSchema = {
      type: 'object',
      required: ['missing'],
      additionalProperties: false,
      properties: {
        missing: {},
        list: { type: 'array', items: { type: 'number' } },
        kind: { enum: ['a', 'b'] },
        'with/slash~': { type: 'string', format: 'uri' },
      },
    };
    const input = { list: [1, 'x', 'y'], kind: 'c', 'with/slash~': 'no uri', 'un/known': 1 };
    expect(
      compile(schema)
        .check(input)
        ?.errors.toSorted((a, b) => (a.pointer < b.pointer ? -1 : 1)),
    ).toEqual([
      { pointer: '/kind', message: 'must be equal to one of the allowed values: "a", "b"' },
      { pointer: '/list/1', message: 'must be number' },
      { pointer: '/list/2', message: 'must be number' },
      { pointer: '/missing', message: "must have required property 'missing'" },
      { pointer: '/un~1known', message: 'must NOT have additional properties' },
      { pointer: '/with~1slash~0', message: 'must match format "uri"' },
    ]);
  });

  it('does not take what every object inherits for a property', () => {
    const task = compile({
      type: 'object',
      required: ['constructor'],
      properties: { valueOf: { type: 'number' } },
    });
    expect(task.check({})).toEqual({
      errors: [{ pointer: '/constructor', message: "must have required property 'constructor'" }],
    });
  });

  it('lists a hundred things, and says where there is more', () => {
    const task = compile({ type: 'array', items: { type: 'number' } });
    const wrong = (length: number): string[] => Array.from({ length }, () => 'x');
    for (const [length, listed, more] of [
      [100, 100, false],
      [101, 100, true],
      [1900, 100, true],
    ] as const) {
      const found = task.check(wrong(length));
      expect([found?.errors.length, found?.moreErrors === true]).toEqual([listed, more]);
      expect(found?.errors.at(-1)?.pointer).toBe(`/${listed - 1}`);
    }
  });

  it('lists the first thing where there are thousands', () => {
    const task = compile({ type: 'array', items: { type: 'number' } });
    const wrong = [1, ...Array.from({ length: 100_000 }, () => 'x')];
    expect(task.check(wrong)).toEqual({
      errors: [{ pointer: '/1', message: 'must be number' }],
      moreErrors: true,
    });
    // It goes on with what comes after.
    expect(task.check([1, 'x'])).toEqual({ errors: [{ pointer: '/1', message: 'must be number' }] });
    expect(task.check([1])).toBeUndefined();
  });

  it('explains an input of a recursive schema with thousands of errors without copying them over and over', () => {
    const wrong = Array.from({ length: 100_000 }, () => ({ n: 'x' }));
    const task = compile({
      type: 'array',
      items: { $ref: '#/$defs/a' },
      $defs: { a: z.toJSONSchema(recursive()) },
    });
    expect(task.check(wrong)).toMatchObject({ errors: [{ pointer: '/0/n' }], moreErrors: true });
  });

  it('ends where each level of an input can be read in two ways', () => {
    const nested = (leaf: unknown): unknown => {
      let value: unknown = { kind: 'num', value: leaf };
      for (let depth = 0; depth < 60; depth++) value = { kind: 'abs', of: value };
      return value;
    };
    expect(compile(expression('kind first')).check(nested(1))).toBeUndefined();
    const found = compile(expression('kind first')).check(nested('x'));
    expect(found?.errors.length).toBeGreaterThan(0);
    expect(found?.moreErrors).toBe(true);
    // That can not be told in time, so it is left to the runner.
    expect(compile(expression('kind last')).check(nested('x'))).toBeUndefined();
  });

  it('takes an array for one of different items where no two are equal, in time that grows with it', () => {
    const task = compile({ type: 'array', uniqueItems: true });
    const different = [
      1,
      '1',
      true,
      'true',
      null,
      'null',
      [],
      {},
      [1],
      ['1'],
      { a: 1 },
      { a: [1] },
      { b: 1 },
    ];
    expect(task.check(different)).toBeUndefined();
    expect(task.check(Array.from({ length: 20_000 }, (_, n) => ({ a: n })))).toBeUndefined();
    for (const [one, other] of [
      [1, 1],
      [0, -0],
      ['a', 'a'],
      [null, null],
      [
        [1, { a: 2 }],
        [1, { a: 2 }],
      ],
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
    ]) {
      expect(task.check([...different.slice(-1), one, other])).toEqual({
        errors: [{ pointer: '', message: 'must NOT have duplicate items' }],
      });
    }
    expect(compile({ type: 'array', uniqueItems: false }).check([1, 1])).toBeUndefined();
    expect(compile({ uniqueItems: true }).check('aa')).toBeUndefined();
  });

  it('is not misled by a schema that reads like the code of the validator', () => {
    const name = 'let errors = 0;"errors++;';
    const task = compile({ type: 'object', required: [name], properties: { [name]: { const: name } } });
    expect(task.check({ [name]: name })).toBeUndefined();
    expect(task.check({})?.errors).toMatchObject([{ message: `must have required property '${name}'` }]);
    expect(task.check({ [name]: 1 })?.errors).toMatchObject([{ pointer: `/${name}` }]);
  });

  it.each([
    ['a URL with an umlaut', z.url(), 'https://example.com/ä', 'no url'],
    ['a time without a zone', z.iso.time(), '12:30:00', '12-30'],
    ['a local time', z.iso.datetime({ local: true }), '2030-01-01T00:00:00', '2030-01-01'],
    ['a date', z.iso.date(), '2030-01-01', '2030-02-30'],
    ['an address', z.email(), "o'neil+x@example.co", 'example.co'],
    ['an emoji', z.emoji(), '👩‍🚀', 'x'],
    ['a network', z.cidrv4(), '10.0.0.0/8', '10.0.0.0'],
    ['an IPv6 address', z.ipv6(), '::1', '::g'],
    ['a pattern that needs no u flag', { type: 'string', pattern: String.raw`^a\-b$` }, 'a-b', 'ab'],
    ['a date-time of JSON Schema', { type: 'string', format: 'date-time' }, '2030-01-01T00:00:00Z', 'now'],
  ] as const)('takes %s as its library does', (_what, schema, good, bad) => {
    const task = compile(schema);
    expect([task.check(good), task.check(bad)?.errors.length]).toEqual([undefined, expect.any(Number)]);
  });

  it('refuses a number too large to be one, as runners do', () => {
    const task = compile({ type: 'object', properties: { n: { type: 'number' } } });
    expect(task.check(JSON.parse('{"n":1e308}'))).toBeUndefined();
    expect(task.check(JSON.parse('{"n":1e309}'))?.errors).toEqual([
      { pointer: '/n', message: 'must be number' },
    ]);
  });

  it('compiles schemas that share an $id', () => {
    const input = { $id: 'https://example.com/same', type: 'object' };
    const definitions = ['one', 'two'].map((name) => task(name, { input, run: () => undefined }));
    const compiled = compileManifest(buildManifest(definitions));
    expect(compiled.task('two')?.check(1)?.errors).toHaveLength(1);
    expect(compiled.task('one')?.check(1)?.errors).toHaveLength(1);
  });

  it.each([
    ['as a whole', { type: 'object', properties: { n: { type: 'number' }, of: { $ref: '#' } } }],
    [
      'as a whole under a name',
      {
        $id: 'https://example.com/it',
        type: 'object',
        properties: { n: { type: 'number' }, of: { $ref: '#' } },
      },
    ],
    ['as one of zod', recursive()],
  ] as const)('compiles schemas that refer to themselves: %s', (_what, schema) => {
    const task = compile(schema);
    expect(task.check({ of: { of: { n: 1 } } })).toBeUndefined();
    expect(task.check({ of: { of: { n: 'x' } } })?.errors).toEqual([
      { pointer: '/of/of/n', message: 'must be number' },
    ]);
  });

  it.each([
    ['a reference to nothing', { $ref: '#/$defs/nothing' }],
    ['a type that does not exist', { type: 'text' }],
    ['another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }],
    ['a pattern that is none', { type: 'string', pattern: '(' }],
    ['an asynchronous schema', { $async: true, type: 'object' }],
  ])('refuses %s', (_what, schema) => {
    expect(() => compile(schema)).toThrow(
      expect.objectContaining({
        code: 'SLUICE_SCHEMA_UNSUPPORTED',
        data: expect.objectContaining({ task: 'tried' }) as unknown,
      }),
    );
  });
});
