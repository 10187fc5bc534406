import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and can keep to itself what one says to the other. */
export interface LossyProxy {
  /** The URL, by way of the proxy. */
  through(url: string): string;
  /** True: what the server says from now on is lost. */
  deaf: boolean;
  /** True: what a client says from now on is kept for later. */
  slow: boolean;
  /** Says to the server what was kept, and resolves when it has answered. The client may be gone. */
  deliver(): Promise<void>;
  close(): Promise<void>;
}

export async function lossyProxy(url: string): Promise<LossyProxy> {
  const target = Number(new URL(url).port);
  const sockets = new Set<Socket>();
  const kept: { upstream: Socket; data: Buffer }[] = [];
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (data) => (proxy.slow ? kept.push({ upstream, data }) : upstream.write(data)));
    upstream.on('data', (data) => proxy.deaf || client.write(data));
    client.on('close', () => kept.some((one) => one.upstream === upstream) || upstream.end());
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: LossyProxy = {
    deaf: false,
    slow: false,
    deliver: async () => {
      const answered = kept.map(({ upstream }) => once(upstream, 'data'));
      for (const { upstream, data } of kept.splice(0)) upstream.write(data);
      await Promise.all(answered);
    },
    through: (other) => other.replace(/:\d+\//, `:${port}/`),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
