import { type JsonSchema, MAX_ISSUES } from '../../../core/schema.ts';
import { STATES } from '../../../core/state.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export function header(name: string, description: string): Parameter {
  return { name, in: 'header', description, schema: { type: 'string' } };
}

export function query(name: string, description: string, schema: JsonSchema): Parameter {
  return { name, in: 'query', description, schema };
}

const FAILURES = {
  400: 'Something in the request is malformed.',
  401: 'The API key is missing or unknown.',
  404: 'There is no such task.',
  408: 'The request did not arrive in time.',
  409: 'The state of the task does not allow it.',
  410: 'It is no longer kept.',
  413: 'The input is too large.',
  415: 'The input is not application/json.',
  422: 'The input does not fit the schema, or the idempotency key was used for another request.',
  503: 'Not now; try again later.',
} as const;

/** The responses that tell a problem, by status. */
export function failures(...statuses: `${keyof typeof FAILURES}`[]): Readonly<Record<string, unknown>> {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(statuses.map((status) => [status, { description: FAILURES[status], content }]));
}

const TEXT: JsonSchema = { type: 'string' };
const TIME: JsonSchema = { type: 'string', format: 'date-time' };
const COUNT: JsonSchema = { type: 'integer', minimum: 0 };

/** Schema of TaskResource. */
export const taskSchema: JsonSchema = {
  type: 'object',
  required: ['id', 'status', 'attempts', 'run', 'crashes', 'createdAt', 'links'],
  properties: {
    id: TEXT,
    task: { ...TEXT, description: 'Name of its definition; absent while only the queue knows it.' },
    status: { enum: [...STATES, 'accepted'] },
    version: { ...COUNT, description: 'Raised by each change of status.' },
    attempts: { ...COUNT, description: 'How often the handler refused.' },
    run: { ...COUNT, description: 'How often a run was begun.' },
    crashes: { ...COUNT, description: 'How often its process died under it.' },
    interruptions: { ...COUNT, description: 'How often the whole server died under it; absent where never.' },
    createdAt: TIME,
    startedAt: TIME,
    finishedAt: TIME,
    dueAt: TIME,
    deadlineAt: TIME,
    progress: {
      type: 'object',
      required: ['fraction'],
      properties: { fraction: { type: 'number', minimum: 0, maximum: 1 }, detail: {} },
    },
    cancelRequested: { const: true },
    result: { description: 'Of a task that succeeded, while it is kept.' },
    error: { type: 'object', required: ['code', 'message'], properties: { code: TEXT, message: TEXT } },
    tags: { type: 'array', items: TEXT },
    parentId: TEXT,
    durability: {
      const: 'disk',
      description:
        'It is on the disk of the gateway that accepted it, until the queue can be reached. Told on acceptance.',
    },
    stale: { const: true, description: 'The state could not be asked for.' },
    links: {
      type: 'object',
      required: ['self', 'result', 'cancel'],
      properties: { self: TEXT, result: TEXT, cancel: TEXT },
    },
  },
};

export const taskPageSchema: JsonSchema = {
  type: 'object',
  required: ['tasks'],
  properties: {
    tasks: { type: 'array', items: { $ref: '#/components/schemas/Task' } },
    next: { ...TEXT, description: 'Cursor of the next page; absent on the last.' },
  },
};

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: TEXT,
    status: { type: 'integer' },
    detail: TEXT,
    code: { ...TEXT, description: 'Stable name of the problem.' },
    errors: {
      type: 'array',
      description: 'What is wrong with the input, each with a JSON pointer.',
      maxItems: MAX_ISSUES,
      items: {
        type: 'object',
        required: ['pointer', 'message'],
        properties: { pointer: TEXT, message: TEXT },
      },
    },
    moreErrors: { const: true, description: 'There are more than are listed.' },
    taskId: TEXT,
    state: TEXT,
    error: { type: 'object', required: ['code', 'message'], properties: { code: TEXT, message: TEXT } },
  },
};
