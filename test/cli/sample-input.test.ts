import { expect, test } from 'vitest';
import { z } from 'zod';
import { sampleInput } from '../../src/cli/server/sample-input.ts';

test('makes a value that fits the schema', () => {
  const schema = z.object({
    url: z.url(),
    email: z.email(),
    at: z.iso.datetime(),
    id: z.uuid(),
    name: z.string().min(8),
    width: z.int().min(16),
    below: z.number().max(-2),
    ratio: z.number().gt(2),
    kind: z.enum(['a', 'b']),
    either: z.union([z.literal('x'), z.number()]),
    list: z.array(z.object({ deep: z.boolean() })).min(2),
    nothing: z.null(),
    left: z.string().optional(),
    given: z.number().default(3),
  });
  const sample = sampleInput(z.toJSONSchema(schema, { io: 'input' }));
  expect(schema.safeParse(sample).error).toBeUndefined();
  expect(sample).not.toHaveProperty('left');
  expect(sampleInput(z.toJSONSchema(z.int()))).toBe(1);
});

test('ends for a schema that refers to itself', () => {
  const endless: Record<string, unknown> = { type: 'object', required: ['next'], properties: {} };
  Object.assign(endless['properties'] as object, { next: endless });
  expect(() => JSON.stringify(sampleInput(endless))).not.toThrow();
});
