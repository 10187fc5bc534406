import { PRIORITIES } from '../../../core/message.ts';
import type { JsonSchema } from '../../../core/schema.ts';
import { STATES } from '../../../core/state.ts';
import type { Manifest, TaskManifest } from '../../../manifest/manifest.ts';
import { embedSchema } from './embed-schema.ts';
import {
  failures,
  header,
  problemSchema,
  query,
  taskPageSchema,
  taskSchema,
  type Parameter,
} from './openapi-parts.ts';

type Operation = Readonly<Record<string, unknown>>;

const PREFER = header('Prefer', 'wait=n holds the answer for up to n seconds; respond-async never does.');
const IF_NONE_MATCH = header('If-None-Match', 'The ETag of the version you have.');
const ID: Parameter = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
const ACCEPT_PARAMETERS: readonly Parameter[] = [
  PREFER,
  header('Idempotency-Key', 'Requests with the same key make one task.'),
  query('delay', 'How long to wait before the run: 30s, 5m, 12h.', { type: 'string' }),
  query('runAt', 'When to run it.', { type: 'string', format: 'date-time' }),
  query('deadline', 'A time or a duration after which it is not to be started any more.', { type: 'string' }),
  query('priority', 'How urgent it is.', { enum: PRIORITIES }),
  query('key', 'Tasks of one key run one after another.', { type: 'string' }),
  query('tag', 'A word to find it by; up to ten.', { type: 'array', items: { type: 'string' } }),
];
const LIST_PARAMETERS: readonly Parameter[] = [
  query('limit', 'Tasks on a page.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  query('state', 'Only those in this state.', { enum: STATES }),
  query('task', 'Only those of this definition.', { type: 'string' }),
  query('tag', 'Only those with this tag.', { type: 'string' }),
  query('cursor', '`next` of the page before.', { type: 'string' }),
];

/**
 * The API of the tasks in `manifest`, mounted at `basePath`.
 * @see https://spec.openapis.org/oas/v3.1.0
 */
export function openApiOf(manifest: Manifest, basePath: string, secured: boolean): Record<string, unknown> {
  const { tasks, hash } = manifest;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: hash.slice(0, 12),
      description: 'Durable asynchronous tasks over HTTP.',
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    ...(secured && { security: [{ apiKey: [] }] }),
    paths: {
      ...Object.fromEntries(tasks.map((task) => [`/v1/tasks/${task.name}`, { post: acceptOperation(task) }])),
      ...FIXED_PATHS,
    },
    components: {
      schemas: {
        Task: taskSchema,
        TaskPage: taskPageSchema,
        Problem: problemSchema,
        ...Object.fromEntries(tasks.flatMap(taskSchemas)),
      },
      ...(secured && { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

const FIXED_PATHS: Readonly<Record<string, unknown>> = {
  '/v1/tasks': {
    get: {
      operationId: 'listTasks',
      summary: 'The tasks, newest first.',
      parameters: LIST_PARAMETERS,
      responses: { 200: json('A page of tasks.', ref('TaskPage')), ...failures('400', '401', '503') },
    },
  },
  '/v1/tasks/{id}': {
    get: {
      operationId: 'getTask',
      summary: 'A task, whatever became of it.',
      parameters: [ID, PREFER, IF_NONE_MATCH],
      responses: {
        200: json('The task.', ref('Task')),
        304: { description: 'It is still the version you have.' },
        ...failures('400', '401', '404', '410', '422'),
      },
    },
  },
  '/v1/tasks/{id}/result': {
    get: {
      operationId: 'getResult',
      summary: 'What the handler returned.',
      parameters: [ID, PREFER, IF_NONE_MATCH],
      responses: {
        200: json('The result.', {}),
        202: json('It has not ended yet.', ref('Task')),
        304: { description: 'It is still the version you have.' },
        ...failures('400', '401', '404', '409', '410', '422'),
      },
    },
  },
  '/v1/tasks/{id}/cancel': {
    post: {
      operationId: 'cancelTask',
      summary: 'Cancels a task that waits, asks a running one to end.',
      parameters: [ID],
      responses: {
        200: json('The task after that.', ref('Task')),
        ...failures('400', '401', '404', '409', '410', '422', '503'),
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'getOpenApi',
      summary: 'This document.',
      responses: { 200: json('This document.', {}), ...failures('401') },
    },
  },
  '/docs/errors': {
    get: {
      operationId: 'getErrors',
      summary: 'What each code of an error means.',
      security: [],
      responses: {
        200: { description: 'A page.', content: { 'text/html': { schema: { type: 'string' } } } },
      },
    },
  },
  '/livez': { get: open('getLiveness', 'Answers while the process does.') },
  '/readyz': {
    get: {
      ...open('getReadiness', 'Whether to send requests here, and how queue, database and cache are.'),
      responses: { 200: json('Ready.', {}), 503: json('Starting or shutting down.', {}) },
    },
  },
};

function acceptOperation(task: TaskManifest): Operation {
  const accepted = {
    ...json('Accepted, and as durable as the queue.', ref('Task')),
    headers: {
      Location: { description: 'Path of the task.', schema: { type: 'string' } },
      'Retry-After': { description: 'Seconds until asking makes sense.', schema: { type: 'integer' } },
    },
    links: Object.fromEntries(
      ['getTask', 'getResult', 'cancelTask'].map((operationId) => [
        operationId,
        { operationId, parameters: { id: '$response.body#/id' } },
      ]),
    ),
  };
  return {
    operationId: `enqueue-${task.name}`,
    ...(task.description !== undefined && { description: task.description }),
    parameters: ACCEPT_PARAMETERS,
    requestBody: { required: true, content: { 'application/json': { schema: ref(`${task.name}-input`) } } },
    responses: {
      200: json('Ended within the wait that was preferred.', {
        allOf: [
          ref('Task'),
          ...(task.output ? [{ properties: { result: ref(`${task.name}-output`) } }] : []),
        ],
      }),
      202: accepted,
      ...failures('400', '401', '404', '408', '413', '415', '422', '503'),
    },
  };
}

function taskSchemas({ name, input, output }: TaskManifest): [name: string, schema: JsonSchema][] {
  const sides = { [`${name}-input`]: input, ...(output && { [`${name}-output`]: output }) };
  return Object.entries(sides).map(([key, schema]) => [
    key,
    embedSchema(schema, `#/components/schemas/${key}`),
  ]);
}

function open(operationId: string, summary: string): Operation {
  return { operationId, summary, security: [], responses: { 200: json(summary, {}) } };
}

function json(description: string, schema: JsonSchema): Readonly<Record<string, unknown>> {
  return { description, content: { 'application/json': { schema } } };
}

function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}
