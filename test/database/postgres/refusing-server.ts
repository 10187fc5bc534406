import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Refuses each connection as PostgreSQL, or a pooler before it, does it. */
export interface RefusingServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function refusingServer(state: string, message: string): Promise<RefusingServer> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(errorResponse(state, message)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://u:hunter2@127.0.0.1:${port}/db`,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
function errorResponse(state: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
