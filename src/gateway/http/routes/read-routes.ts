import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, SluiceError } from '../../../core/errors.ts';
import type { Limits } from '../../../core/limits.ts';
import { FIRST_VERSION, isTerminal, type TerminalState } from '../../../core/state.ts';
import type { TaskId } from '../../../core/task-id.ts';
import type { TaskRecord } from '../../../core/task-record.ts';
import type { TaskView } from '../../../core/task-view.ts';
import { type Query, refuseUnknown } from '../../query.ts';
import { etagOf, matches } from '../../read/etag.ts';
import type { FinishedTask, FinishedTasks } from '../../read/finished-tasks.ts';
import { hasEnded, type Reading, type TaskReader } from '../../read/task-reader.ts';
import type { TaskResources } from '../../read/task-resource.ts';
import type { VerifiedIds } from '../../read/verified-ids.ts';
import type { WaitRequest, Waits } from '../../read/waits.ts';
import { untilDisconnect } from '../exchange/disconnect.ts';
import { applied, parsePrefer, type Preference } from '../exchange/prefer.ts';
import { JSON_TYPE, type Responder } from '../exchange/responder.ts';

export interface ReadRoutesParts {
  readonly ids: VerifiedIds;
  readonly finished: FinishedTasks;
  readonly reader: TaskReader;
  readonly waits: Waits;
  readonly resources: TaskResources;
  readonly responder: Responder;
  readonly limits: Limits;
}

export type TaskRequest = FastifyRequest<{ Params: { readonly id: string }; Querystring: Query }>;

interface Exchange {
  readonly request: TaskRequest;
  readonly reply: FastifyReply;
  readonly preference: Preference;
}

/** Nothing changes any more, but retention takes it away some day. */
const FINISHED_CACHE_CONTROL = 'private, max-age=3600, immutable';
const LIVE_CACHE_CONTROL = 'private, no-cache';
const NO_RESULT = {
  failed: 'SLUICE_TASK_FAILED',
  cancelled: 'SLUICE_TASK_CANCELLED',
  expired: 'SLUICE_TASK_EXPIRED',
} as const satisfies Record<Exclude<TerminalState, 'succeeded'>, ErrorCode>;

/** `GET /v1/tasks/{id}` and `GET /v1/tasks/{id}/result`. */
export class ReadRoutes {
  readonly #parts: ReadRoutesParts;

  constructor(parts: ReadRoutesParts) {
    this.#parts = parts;
  }

  status(request: TaskRequest, reply: FastifyReply): void {
    const exchange = this.#exchange(request, reply);
    const finished = this.#parts.finished.get(request.params.id, request.tenant);
    if (finished) {
      this.#sendFinished(exchange, finished);
      return;
    }
    const id = this.#parts.ids.verify(request.params.id, request.tenant);
    const { 'if-none-match': known } = request.headers;
    const until = known === undefined ? hasEnded : (reading: Reading) => hasChanged(reading, known);
    this.#read(exchange, id, until)
      .then((reading) => this.#sendStatus(exchange, id, reading))
      .catch((error: unknown) => this.#parts.responder.fail(reply, error));
  }

  result(request: TaskRequest, reply: FastifyReply): void {
    const exchange = this.#exchange(request, reply);
    const finished = this.#parts.finished.get(request.params.id, request.tenant);
    if (finished) {
      this.#sendResult(exchange, finished.view);
      return;
    }
    const id = this.#parts.ids.verify(request.params.id, request.tenant);
    this.#read(exchange, id, hasEnded)
      .then((reading) => this.#sendResultOf(exchange, id, reading))
      .catch((error: unknown) => this.#parts.responder.fail(reply, error));
  }

  #exchange(request: TaskRequest, reply: FastifyReply): Exchange {
    refuseUnknown(request.query, []);
    return {
      request,
      reply,
      preference: parsePrefer(request.headers['prefer'], this.#parts.limits.maxWaitMs / 1000),
    };
  }

  #read({ request, reply, preference }: Exchange, id: TaskId, until: WaitRequest['until']): Promise<Reading> {
    const { tenant } = request;
    const { waitSeconds } = preference;
    if (!waitSeconds) return this.#parts.reader.read(id, tenant, 'copy');
    const signal = untilDisconnect(reply.raw);
    return this.#parts.waits.wait({ id, tenant, forMs: waitSeconds * 1000, until, signal });
  }

  #sendStatus(exchange: Exchange, id: TaskId, reading: Reading): void {
    const { finished, resources } = this.#parts;
    refuseLost(reading);
    if (reading.kind === 'known') {
      const task = { view: reading.view, body: resources.ofView(reading.view) };
      if (isTerminal(reading.view.record.state)) {
        finished.set(id.text, exchange.request.tenant, task);
        this.#sendFinished(exchange, task);
      } else {
        this.#sendLive(exchange, { body: task.body, version: reading.view.record.version });
      }
    } else if (reading.kind === 'waiting') {
      this.#sendLive(exchange, { body: resources.ofId(id, 'queued'), version: FIRST_VERSION });
    } else {
      const headers = { 'content-type': JSON_TYPE, 'cache-control': 'no-store', 'retry-after': '1' };
      this.#send(exchange, { status: 200, headers, body: resources.ofId(id, 'accepted') });
    }
  }

  #sendFinished(exchange: Exchange, { view, body }: FinishedTask): void {
    const headers = {
      'content-type': JSON_TYPE,
      'cache-control': FINISHED_CACHE_CONTROL,
      etag: etagOf(view.record.version),
    };
    this.#send(exchange, { status: 200, headers, body });
  }

  #sendLive(
    exchange: Exchange,
    { body, version }: { readonly body: string; readonly version: number },
  ): void {
    const headers = {
      'content-type': JSON_TYPE,
      'cache-control': LIVE_CACHE_CONTROL,
      etag: etagOf(version),
      'retry-after': '1',
    };
    this.#send(exchange, { status: 200, headers, body });
  }

  #sendResultOf(exchange: Exchange, id: TaskId, reading: Reading): void {
    const { finished, resources } = this.#parts;
    refuseLost(reading);
    if (reading.kind === 'known' && isTerminal(reading.view.record.state)) {
      const { view } = reading;
      finished.set(id.text, exchange.request.tenant, { view, body: resources.ofView(view) });
      this.#sendResult(exchange, view);
      return;
    }
    const inferred = reading.kind === 'waiting' ? 'queued' : 'accepted';
    const headers = {
      'content-type': JSON_TYPE,
      'cache-control': 'no-store',
      location: resources.pathOf(id.text),
      'retry-after': '1',
    };
    const body = reading.kind === 'known' ? resources.ofView(reading.view) : resources.ofId(id, inferred);
    this.#send(exchange, { status: 202, headers, body });
  }

  /** @throws SluiceError the reason why the task, which has ended, has no result */
  #sendResult(exchange: Exchange, { record, result }: TaskView): void {
    if (record.state !== 'succeeded') throw noResult(record);
    if (result === undefined) throw new SluiceError('SLUICE_RESULT_GONE', { taskId: record.id });
    const headers = {
      'content-type': JSON_TYPE,
      'cache-control': FINISHED_CACHE_CONTROL,
      etag: etagOf(record.version),
    };
    this.#send(exchange, { status: 200, headers, body: result });
  }

  #send({ request, reply, preference }: Exchange, { status, headers, body }: Response): void {
    headers['vary'] = 'Prefer';
    const preferenceApplied = applied(preference);
    if (preferenceApplied !== undefined) headers['preference-applied'] = preferenceApplied;
    const known = request.headers['if-none-match'];
    const unchanged =
      known !== undefined && typeof headers['etag'] === 'string' && matches(known, headers['etag']);
    if (unchanged) delete headers['content-type'];
    this.#parts.responder.send(reply, unchanged ? 304 : status, headers, unchanged ? '' : body);
  }
}

interface Response {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** @throws SluiceError for a reading that is no task to show */
function refuseLost(reading: Reading): void {
  if (reading.kind === 'gone') throw new SluiceError('SLUICE_TASK_GONE');
  if (reading.kind === 'reused') {
    throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_REUSED', { taskId: reading.winner });
  }
}

function noResult({ id, state, error }: TaskRecord): SluiceError {
  const code = NO_RESULT[state as keyof typeof NO_RESULT];
  return new SluiceError(code, {
    taskId: id,
    state,
    ...(error && { error: { code: error.code, message: error.message } }),
  });
}

/** True when a client that has the versions in `ifNoneMatch` has something to learn. */
function hasChanged(reading: Reading, ifNoneMatch: string): boolean {
  if (reading.kind === 'unknown') return false;
  if (reading.kind === 'known') return !matches(ifNoneMatch, etagOf(reading.view.record.version));
  return reading.kind !== 'waiting' || !matches(ifNoneMatch, etagOf(FIRST_VERSION));
}
