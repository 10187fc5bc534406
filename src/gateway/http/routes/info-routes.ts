import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Health } from '../../../core/health.ts';
import type { ApiKeys } from '../../accept/api-keys.ts';
import type { CompiledManifest } from '../../../manifest/compiled-manifest.ts';
import type { Manifest } from '../../../manifest/manifest.ts';
import { ERROR_PAGE, errorPageHeaders } from '../info/error-page.ts';
import type { HealthCheck, HealthReport } from '../info/health.ts';
import { openApiOf } from '../info/openapi.ts';
import { JSON_TYPE, type Responder } from '../exchange/responder.ts';

export interface InfoRoutesParts {
  readonly health: HealthCheck;
  readonly manifest: () => CompiledManifest;
  readonly responder: Responder;
  readonly basePath: string;
  readonly apiKeys: ApiKeys | undefined;
  readonly draining: () => boolean;
}

/** What the gateway says of itself. */
export class InfoRoutes {
  readonly #parts: InfoRoutesParts;
  readonly #documents = new WeakMap<Manifest, string>();

  constructor(parts: InfoRoutesParts) {
    this.#parts = parts;
  }

  live(_request: FastifyRequest, reply: FastifyReply): void {
    this.#parts.responder.json(reply, 200, { live: true });
  }

  /** Ready means started and not draining: without a database it can still accept, and without a queue still read. */
  ready(request: FastifyRequest, reply: FastifyReply): void {
    const { apiKeys, draining, health, responder } = this.#parts;
    const known = !apiKeys || apiKeys.admit(request.headers.authorization);
    health
      .report()
      .then((report) => {
        const ready = !draining();
        responder.json(reply, ready ? 200 : 503, {
          ready,
          draining: !ready,
          ...(known ? report : wordless(report)),
        });
      })
      .catch((error: unknown) => responder.fail(reply, error));
  }

  errors(_request: FastifyRequest, reply: FastifyReply): void {
    this.#parts.responder.send(reply, 200, errorPageHeaders(), ERROR_PAGE);
  }

  openApi(_request: FastifyRequest, reply: FastifyReply): void {
    const { apiKeys, basePath, manifest, responder } = this.#parts;
    const tasks = manifest().manifest;
    let document = this.#documents.get(tasks);
    if (document === undefined) {
      document = JSON.stringify(openApiOf(tasks, basePath, apiKeys !== undefined));
      this.#documents.set(tasks, document);
    }
    responder.send(reply, 200, { 'content-type': JSON_TYPE, 'cache-control': 'no-cache' }, document);
  }
}

/** Without the words of the engines, which name hosts, versions and users. */
function wordless({ queue, database, cache }: HealthReport): object {
  return { queue: withoutWords(queue), database: withoutWords(database), cache: withoutWords(cache) };
}

function withoutWords(health: Partial<Health>): Partial<Health> {
  const { reason: _reason, durability: _durability, ...rest } = health;
  return rest;
}
