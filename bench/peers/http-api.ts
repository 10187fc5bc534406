import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';

/** What the task is given: 1 KiB of text. */
export interface Input {
  readonly text: string;
}

export interface Result {
  readonly length: number;
}

/** The work of every contender: nothing but a result that can be checked. */
export function run({ text }: Input): Result {
  return { length: text.length };
}

/** What a peer has to be able to do to stand behind the HTTP API. */
export interface Tasks {
  /** Resolves with the id when the task is stored, as durably as the peer can. */
  accept(input: Input): Promise<string>;
  /** Undefined where there is no such task. */
  read(id: string): Promise<Task | undefined>;
  close(): Promise<void>;
}

export interface Task {
  readonly status: 'queued' | 'succeeded' | 'failed';
  readonly result?: Result | undefined;
}

type Id = { Params: { readonly id: string } };

const INPUT = {
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
} as const;

/** Fastify writes an answer faster where it knows its shape. @see https://fastify.dev/docs/latest/Guides/Getting-Started/#serialize-your-data */
const TASK = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    status: { type: 'string' },
    result: { type: 'object', properties: { length: { type: 'integer' } } },
  },
} as const;

/** Serves the part of Sluice's API that is measured, and prints where when it is ready. */
export async function serve(tasks: Tasks): Promise<void> {
  const app = Fastify();
  app.post<{ Body: Input }>(
    '/v1/tasks/length',
    { schema: { body: INPUT, response: { 202: TASK } } },
    async ({ body }, reply) => {
      const id = await tasks.accept(body);
      return reply.code(202).send({ id, status: 'queued' });
    },
  );
  app.get<Id>('/v1/tasks/:id', { schema: { response: { 200: TASK } } }, async ({ params: { id } }, reply) => {
    const task = await tasks.read(id);
    if (!task) return reply.code(404).send();
    return { id, ...task };
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  ready(async () => {
    await app.close();
    await tasks.close();
  }, port);
}

/** Says that this process does its work, and ends it properly when it is asked to. */
export function ready(close: () => Promise<void>, port?: number): void {
  process.once('SIGTERM', () => {
    void close().then(() => process.exit(0));
  });
  console.log(JSON.stringify(port === undefined ? {} : { url: `http://127.0.0.1:${port}` }));
}
