import { task } from 'sluice';

/** Nothing but a result that can be checked. */
export const length = task('length', {
  input: {
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  },
  run: (input) => ({ length: (input as { text: string }).text.length }),
});
