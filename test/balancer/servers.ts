import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request that a server has received whole. */
export interface Received {
  /** Which server: 0 or 1. */
  readonly by: number;
  readonly request: IncomingMessage;
  readonly body: string;
}

export type Answer = (response: ServerResponse, received: Received, nth: number) => void;

export interface Servers {
  readonly gateways: readonly { readonly port: number }[];
  /** The paths of the requests whose head a server has received. Like `received`, without the health checks. */
  readonly begun: readonly string[];
  readonly received: readonly Received[];
  /** What the server at the index says of its readiness; nothing where it is undefined. Default 200. */
  readonly readiness: (number | undefined)[];
  /** Has the server refuse connections from now on, and end those that are idle. */
  readonly close: (index: number) => void;
}

export const accept: Answer = (response) => {
  response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
};

/** What a process does that ends between a request and its answer. */
export const die: Answer = (response) => {
  response.socket?.destroy();
};

/** Has the first server that gets a request die of it; the one that gets it then accepts. */
export const firstDies: Answer = (response, received, nth) =>
  (nth === 1 ? die : accept)(response, received, nth);

/** Two servers that answer as they are told, until the test is over. */
export async function startServers(answer: Answer): Promise<Servers> {
  const begun: string[] = [];
  const received: Received[] = [];
  const readiness: (number | undefined)[] = [200, 200];
  const handle = async (by: number, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '' } = request;
    if (url === '/readyz' || url === '/livez') {
      const status = url === '/livez' ? 200 : readiness[by];
      if (status !== undefined) response.writeHead(status).end();
      return;
    }
    begun.push(url);
    // HAProxy ends a connection in the middle of a request, too.
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    const one = { by, request, body };
    answer(response, one, received.push(one));
  };
  const servers = readiness.map((_status, by) =>
    createServer((request, response) => void handle(by, request, response)),
  );
  for (const server of servers) {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  }
  const end = (index: number): void => {
    servers[index]?.close();
    servers[index]?.closeIdleConnections();
  };
  onTestFinished(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });
  return {
    gateways: servers.map((server) => ({ port: (server.address() as AddressInfo).port })),
    begun,
    received,
    readiness,
    close: end,
  };
}
