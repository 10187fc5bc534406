import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Tasks } from '../../../database/database.ts';
import { type CancelOptions, cancelTask } from '../../control/cancel-task.ts';
import { type Query, refuseUnknown } from '../../query.ts';
import { etagOf } from '../../read/etag.ts';
import { parseListQuery } from '../../read/list-query.ts';
import { listTasks } from '../../read/list-tasks.ts';
import type { TaskResources } from '../../read/task-resource.ts';
import type { VerifiedIds } from '../../read/verified-ids.ts';
import type { TaskRequest } from './read-routes.ts';
import { JSON_TYPE, type Responder } from '../exchange/responder.ts';

export interface ControlRoutesParts {
  readonly ids: VerifiedIds;
  readonly database: Pick<Tasks, 'list'>;
  readonly cancel: CancelOptions;
  readonly resources: TaskResources;
  readonly responder: Responder;
}

export type ListRequest = FastifyRequest<{ Querystring: Query }>;

/** The calls that are about what the database holds: `GET /v1/tasks` and `POST /v1/tasks/{id}/cancel`. */
export class ControlRoutes {
  readonly #parts: ControlRoutesParts;

  constructor(parts: ControlRoutesParts) {
    this.#parts = parts;
  }

  list(request: ListRequest, reply: FastifyReply): void {
    const { database, resources, responder } = this.#parts;
    const filter = parseListQuery(request.query, request.tenant);
    listTasks(database, resources, filter)
      .then((body) => {
        responder.send(reply, 200, { 'content-type': JSON_TYPE, 'cache-control': 'no-store' }, body);
      })
      .catch((error: unknown) => responder.fail(reply, error));
  }

  cancel(request: TaskRequest, reply: FastifyReply): void {
    const { cancel, ids, resources, responder } = this.#parts;
    refuseUnknown(request.query, []);
    const id = ids.verify(request.params.id, request.tenant);
    cancelTask(cancel, id, request.tenant)
      .then((record) => {
        const headers = {
          'content-type': JSON_TYPE,
          'cache-control': 'no-store',
          etag: etagOf(record.version),
        };
        responder.send(reply, 200, headers, resources.ofView({ record }));
      })
      .catch((error: unknown) => responder.fail(reply, error));
  }
}
