import { task } from '../../src/index.ts';

export const noop = task('noop', {
  input: {
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  },
  run: () => null,
});
