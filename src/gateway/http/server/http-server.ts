import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { SluiceError } from '../../../core/errors.ts';
import type { Limits } from '../../../core/limits.ts';
import { asSluiceError, rawProblem } from '../exchange/problem.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Longer than a load balancer keeps an idle connection, so that it never sends into one that is being closed. */
const KEEP_ALIVE_MS = 72_000;
const CHECK_EVERY_MS = 500;

/** A server with deadlines for headers and bodies. Whoever uses it answers `clientError` by `answerClientError`. */
export function createHttpServer(limits: Limits, onRequest: RequestHandler): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Told by `checkHost`, as a problem.
      requireHostHeader: false,
      noDelay: true,
    },
    onRequest,
  );
  // Node.js would answer 417 without a body; an expectation that is not known may be ignored (RFC 9110 section 10.1.1).
  server.on('checkExpectation', onRequest);
  return server;
}

/**
 * Two `Host` headers make a balancer and a gateway see two different requests in one; HTTP/1.1 wants exactly one.
 * @throws SluiceError `SLUICE_REQUEST_MALFORMED`
 */
export function checkHost(request: IncomingMessage): void {
  const { rawHeaders } = request;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1')) {
    throw new SluiceError('SLUICE_REQUEST_MALFORMED');
  }
}

/** Answers what never became a request, unless a response is on its way already. */
export function answerClientError(
  error: Error,
  socket: Socket & { _httpMessage?: ServerResponse },
  basePath: string,
): void {
  if (socket.writable && !socket._httpMessage?.headersSent) {
    socket.write(rawProblem(clientProblem(error), basePath));
  }
  socket.destroy();
}

/** Of what Node.js reports, everything that is not known by its code is a request that can not be read. */
function clientProblem(error: Error): SluiceError {
  const known = asSluiceError(error);
  return known.code === 'SLUICE_INTERNAL' ? new SluiceError('SLUICE_REQUEST_MALFORMED') : known;
}
