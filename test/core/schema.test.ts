import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseWith, toJsonSchema } from '../../src/core/schema.ts';

describe('a schema', () => {
  it('applies defaults and transforms', async () => {
    const schema = z.object({ width: z.number().default(200), name: z.string().transform((s) => s.trim()) });
    expect(await parseWith(schema, { name: ' a ' })).toEqual({ value: { width: 200, name: 'a' } });
  });

  it('says where a value is wrong, as a JSON pointer', async () => {
    const schema = z.object({ 'a/b': z.object({ 'c~d': z.array(z.number()) }) });
    const { issues } = await parseWith(schema, { 'a/b': { 'c~d': [1, 'x'] } });
    expect(issues).toMatchObject([{ pointer: '/a~1b/c~0d/1' }]);
  });

  it('becomes a JSON Schema of each side', () => {
    const schema = z.object({ width: z.number().default(200) });
    expect(toJsonSchema(schema, 'input')).not.toHaveProperty('required');
    expect(toJsonSchema(schema, 'output')).toHaveProperty('required', ['width']);
    const plain = { type: 'object' };
    expect(toJsonSchema(plain, 'input')).toBe(plain);
  });

  it('that has no JSON Schema says so', () => {
    expect(() => toJsonSchema(z.object({ at: z.date() }), 'input')).toThrow(/date/i);
    const bare = { '~standard': { version: 1, vendor: 'bare', validate: () => ({ value: 1 }) } } as const;
    expect(() => toJsonSchema(bare, 'input')).toThrow('"bare"');
  });
});
