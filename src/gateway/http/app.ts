import type { Server } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from 'fastify';
import { SluiceError } from '../../core/errors.ts';
import type { Limits } from '../../core/limits.ts';
import { ERROR_PAGE_PATH } from '../../core/problem-document.ts';
import { DEFAULT_TENANT } from '../../core/tenant.ts';
import type { ApiKeys } from '../accept/api-keys.ts';
import type { AcceptRequestRoute, AcceptRoute } from './routes/accept-route.ts';
import type { ControlRoutes, ListRequest } from './routes/control-routes.ts';
import { answerClientError } from './server/http-server.ts';
import type { InfoRoutes } from './routes/info-routes.ts';
import type { ReadRoutes, TaskRequest } from './routes/read-routes.ts';
import { JSON_TYPE, type Responder } from './exchange/responder.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. */
    tenant: string;
  }
}

export interface AppParts {
  readonly accept: AcceptRoute;
  readonly read: ReadRoutes;
  readonly control: ControlRoutes;
  readonly info: InfoRoutes;
  readonly responder: Responder;
  readonly apiKeys: ApiKeys | undefined;
  readonly limits: Limits;
  readonly basePath: string;
  readonly server: Server;
}

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const MAX_PATH_SHOWN = 200;

/** The routes, on a Fastify that does nothing on its own beside finding them and reading bodies. */
export function createApp(parts: AppParts): FastifyInstance {
  const { basePath, limits, responder, server } = parts;
  const app: FastifyInstance = Fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: limits.maxBodyBytes,
    // The server is driven by the gateway: see Drain.
    serverFactory: () => server,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, basePath),
    frameworkErrors: (error, _request, reply) => responder.fail(reply, error),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('tenant', DEFAULT_TENANT);
  app.setErrorHandler((error, _request, reply) => responder.fail(reply, error));
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = url.slice(0, MAX_PATH_SHOWN);
    responder.fail(reply, new SluiceError('SLUICE_ROUTE_NOT_FOUND', { method, path }));
  });
  const add = (url: string, handlers: Handlers, secured = true): void =>
    addRoute(app, { url: basePath + url, handlers, apiKeys: secured ? parts.apiKeys : undefined, responder });
  const { accept, control, info, read } = parts;
  add('/v1/tasks', { GET: (request, reply) => control.list(request as ListRequest, reply) });
  add('/v1/tasks/:id', {
    GET: (request, reply) => read.status(request as TaskRequest, reply),
    POST: { beforeBody: (request, reply) => accept.handle(request as AcceptRequestRoute, reply) },
  });
  add('/v1/tasks/:id/result', { GET: (request, reply) => read.result(request as TaskRequest, reply) });
  add('/v1/tasks/:id/cancel', { POST: (request, reply) => control.cancel(request as TaskRequest, reply) });
  add('/openapi.json', { GET: (request, reply) => info.openApi(request, reply) });
  add(ERROR_PAGE_PATH, { GET: (request, reply) => info.errors(request, reply) }, false);
  add('/livez', { GET: (request, reply) => info.live(request, reply) }, false);
  add('/readyz', { GET: (request, reply) => info.ready(request, reply) }, false);
  return app;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => void;

/** `beforeBody`: the body is the handler's to read. */
type Handlers = Partial<Record<'GET' | 'POST', Handler | { readonly beforeBody: Handler }>>;

interface Route {
  readonly url: string;
  readonly handlers: Handlers;
  readonly apiKeys: ApiKeys | undefined;
  readonly responder: Responder;
}

function addRoute(app: FastifyInstance, { url, handlers, apiKeys, responder }: Route): void {
  const methods = Object.keys(handlers);
  const hooks = apiKeys ? [authentication(apiKeys)] : [];
  for (const [method, handler] of Object.entries(handlers)) {
    if (typeof handler === 'function') app.route({ method, url, handler, onRequest: hooks });
    else app.route({ method, url, handler: noBodyIsRead, onRequest: [...hooks, handler.beforeBody] });
  }
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  app.route({
    method: METHODS.filter((method) => !methods.includes(method)),
    url,
    // Before the body is read.
    onRequest: ({ method }, reply) => {
      responder.fail(reply, new SluiceError('SLUICE_METHOD_NOT_ALLOWED', { method, allowed }));
    },
    handler: noBodyIsRead,
  });
}

/** Never called: the hook before it answers. */
function noBodyIsRead(): void {}

function authentication(apiKeys: ApiKeys): onRequestHookHandler {
  return (request, _reply, done) => {
    request.tenant = apiKeys.tenantOf(request.headers.authorization);
    done();
  };
}
