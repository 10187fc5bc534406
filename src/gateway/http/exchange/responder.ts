import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Logger } from '../../../core/logger.ts';
import { asSluiceError, problemOf } from './problem.ts';

export const JSON_TYPE = 'application/json';

/** Writes every response of the gateway. */
export class Responder {
  readonly #logger: Logger;
  readonly #maxBodyBytes: number;
  readonly #basePath: string;
  #closing = false;

  constructor(logger: Logger, maxBodyBytes: number, basePath: string) {
    this.#logger = logger;
    this.#maxBodyBytes = maxBodyBytes;
    this.#basePath = basePath;
  }

  /** From now on each response ends its connection. */
  closeConnections(): void {
    this.#closing = true;
  }

  /** Sends a whole response past Fastify's own pipeline, which would look at each part of it again. */
  send(reply: FastifyReply, status: number, headers: OutgoingHttpHeaders, body: string): void {
    reply.hijack();
    this.write(reply.raw, status, headers, body);
  }

  json(reply: FastifyReply, status: number, value: unknown): void {
    this.send(
      reply,
      status,
      { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
      JSON.stringify(value),
    );
  }

  /** Sends what went wrong as a problem. */
  fail(reply: FastifyReply, thrown: unknown): void {
    reply.hijack();
    this.failRaw(reply.request.raw, reply.raw, thrown);
  }

  failRaw(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const error = asSluiceError(thrown, {
      limit: this.#maxBodyBytes,
      type: request.headers['content-type'] ?? 'without a type',
      method: request.method,
      path: request.url,
    });
    if (error.code === 'SLUICE_INTERNAL') {
      const { cause } = error;
      this.#logger.error('a request failed', {
        reason: cause instanceof Error ? cause.stack : String(cause),
      });
    }
    const { status, headers, body } = problemOf(error, this.#basePath);
    // The rest of a body that nobody reads would stand in the way of the next request.
    const unread = !request.complete && request.method !== 'GET' && request.method !== 'HEAD';
    if (unread) headers['connection'] = 'close';
    this.write(response, status, headers, body);
  }

  write(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: string): void {
    if (response.headersSent || response.destroyed) return;
    const bytes = Buffer.byteLength(body);
    // The headers are an object of this response alone.
    if (status !== 304) headers['content-length'] = bytes;
    if (this.#closing) headers['connection'] = 'close';
    response.writeHead(status, headers);
    // As many bytes as characters: nothing but ASCII, which Node writes faster when it need not look for more.
    response.end(body, bytes === body.length ? 'latin1' : 'utf8');
  }
}
