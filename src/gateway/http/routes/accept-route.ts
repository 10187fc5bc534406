import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../../../core/errors.ts';
import type { Limits } from '../../../core/limits.ts';
import { isTerminal } from '../../../core/state.ts';
import type { TaskId } from '../../../core/task-id.ts';
import type { TaskView } from '../../../core/task-view.ts';
import type { Metrics } from '../../../observe/metrics.ts';
import type { Accepted, Acceptor, Prepared } from '../../accept/accept.ts';
import { parseIdempotencyKey } from '../../accept/idempotency-key.ts';
import type { Query } from '../../query.ts';
import { etagOf } from '../../read/etag.ts';
import { hasEnded } from '../../read/task-reader.ts';
import type { TaskResources } from '../../read/task-resource.ts';
import type { Waits } from '../../read/waits.ts';
import { untilDisconnect } from '../exchange/disconnect.ts';
import type { IdempotencyHint } from './idempotency-hint.ts';
import { applied, parsePrefer, type Preference } from '../exchange/prefer.ts';
import { asSluiceError } from '../exchange/problem.ts';
import { readBody } from '../exchange/request-body.ts';
import { JSON_TYPE, type Responder } from '../exchange/responder.ts';

export interface AcceptRouteParts {
  readonly acceptor: Acceptor;
  readonly hint: IdempotencyHint;
  readonly resources: TaskResources;
  readonly waits: Waits;
  readonly responder: Responder;
  readonly limits: Limits;
  readonly metrics: Metrics;
}

export type AcceptRequestRoute = FastifyRequest<{
  /** A task has its name where it later has its id. */
  Params: { readonly id: string };
  Querystring: Query;
}>;

interface Exchange {
  readonly request: AcceptRequestRoute;
  readonly reply: FastifyReply;
  /** By `performance.now()`. */
  readonly begun: number;
  readonly fail: (error: unknown) => void;
}

const RETRY_AFTER_S = '1';

/** `POST /v1/tasks/<name>`: accepts a task, and waits for its end where the client prefers that. */
export class AcceptRoute {
  readonly #parts: AcceptRouteParts;

  constructor(parts: AcceptRouteParts) {
    this.#parts = parts;
  }

  /** To be called before the body is read. */
  handle(request: AcceptRequestRoute, reply: FastifyReply): void {
    const begun = performance.now();
    const fail = (error: unknown): void => {
      this.#count(error, request.params.id);
      this.#parts.responder.fail(reply, error);
    };
    try {
      readBody(request.raw, this.#parts.limits.maxBodyBytes, (body) => {
        if (SluiceError.is(body)) fail(body);
        else this.#take({ request, reply, begun, fail }, body);
      });
    } catch (error) {
      fail(error);
    }
  }

  #take(exchange: Exchange, body: Buffer): void {
    const { acceptor, limits, metrics } = this.#parts;
    const { request, reply, begun, fail } = exchange;
    const { id: task } = request.params;
    try {
      const preference = parsePrefer(request.headers['prefer'], limits.maxWaitMs / 1000);
      const key = request.headers['idempotency-key'];
      const prepared = acceptor.prepare({
        tenant: request.tenant,
        task,
        body,
        query: request.query,
        idempotencyKey: key === undefined ? undefined : parseIdempotencyKey(String(key)),
      });
      this.accept(prepared)
        .then((accepted) => {
          if (!accepted.replayed) metrics.accepted(task, performance.now() - begun);
          if (preference.waitSeconds) return this.#answerAtEnd(exchange, accepted, preference);
          return this.#answer(reply, accepted, preference);
        })
        .catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Queues what was prepared, or tells what was queued under its key before. */
  accept(prepared: Prepared): Promise<Accepted> {
    return prepared.id.keyed ? this.#acceptOnce(prepared) : this.#parts.acceptor.submit(prepared);
  }

  async #acceptOnce(prepared: Prepared): Promise<Accepted> {
    const { acceptor, hint } = this.#parts;
    const known = await hint.find(prepared.id);
    if (known && known.fingerprint !== prepared.id.fingerprint) {
      throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_REUSED', { taskId: known.text });
    }
    if (known) return acceptor.replay(prepared, known);
    const accepted = await acceptor.submit(prepared);
    if (!accepted.replayed) hint.remember(accepted.id);
    return accepted;
  }

  #answer(reply: FastifyReply, accepted: Accepted, preference: Preference): void {
    const { responder, resources } = this.#parts;
    const headers = this.#headers(accepted, preference);
    headers['retry-after'] = RETRY_AFTER_S;
    responder.send(reply, 202, headers, resources.ofAccepted(accepted.message, accepted.durability));
  }

  async #answerAtEnd(exchange: Exchange, accepted: Accepted, preference: Preference): Promise<void> {
    const { responder, resources } = this.#parts;
    const view = await this.#awaitEnd(exchange, accepted.id, preference.waitSeconds ?? 0);
    if (!view) {
      this.#answer(exchange.reply, accepted, preference);
      return;
    }
    const headers = this.#headers(accepted, preference);
    headers['etag'] = etagOf(view.record.version);
    const ended = isTerminal(view.record.state);
    if (!ended) headers['retry-after'] = RETRY_AFTER_S;
    responder.send(exchange.reply, ended ? 200 : 202, headers, resources.ofView(view));
  }

  /** @throws SluiceError `SLUICE_IDEMPOTENCY_KEY_REUSED` when the wait shows that another request won the key */
  async #awaitEnd(
    { request, reply }: Exchange,
    id: TaskId,
    waitSeconds: number,
  ): Promise<TaskView | undefined> {
    const reading = await this.#parts.waits.wait({
      id,
      tenant: request.tenant,
      forMs: waitSeconds * 1000,
      until: hasEnded,
      signal: untilDisconnect(reply.raw),
    });
    if (reading.kind === 'reused') {
      throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_REUSED', { taskId: reading.winner });
    }
    return reading.kind === 'known' ? reading.view : undefined;
  }

  #headers({ id, replayed }: Accepted, preference: Preference): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = {
      'content-type': JSON_TYPE,
      location: this.#parts.resources.pathOf(id.text),
    };
    const preferenceApplied = applied(preference);
    if (preferenceApplied !== undefined) headers['preference-applied'] = preferenceApplied;
    if (replayed) headers['idempotency-replayed'] = 'true';
    return headers;
  }

  /** A name that is no task's is anybody's text, so it is not counted by itself. */
  #count(error: unknown, task: string): void {
    const { acceptor, metrics } = this.#parts;
    metrics.rejected(asSluiceError(error).code, acceptor.knows(task) ? task : undefined);
  }
}
