import { describe, expect, it } from 'vitest';
import { embedSchema } from '../../../../src/gateway/http/info/embed-schema.ts';

describe('embedSchema', () => {
  it('lets the references of a schema into itself begin where it is put', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { node: { properties: { next: { $ref: '#/$defs/node' } } } },
      properties: { all: { $ref: '#' }, far: { $ref: 'https://example.com/#/a' }, $ref: { type: 'string' } },
      items: [{ $ref: '#/$defs/node' }],
    };
    expect(embedSchema(schema, '#/components/schemas/x')).toEqual({
      $defs: { node: { properties: { next: { $ref: '#/components/schemas/x/$defs/node' } } } },
      properties: {
        all: { $ref: '#/components/schemas/x' },
        far: { $ref: 'https://example.com/#/a' },
        $ref: { type: 'string' },
      },
      items: [{ $ref: '#/components/schemas/x/$defs/node' }],
    });
  });

  it('leaves those of a schema that is a document of its own', () => {
    const schema = { $id: 'https://example.com/a', $ref: '#/$defs/b' };
    expect(embedSchema(schema, '#/x')).toEqual(schema);
  });
});
