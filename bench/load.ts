import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { type LoadResult, LoadWindow } from './load-window.ts';

export interface Load {
  /** Keeps every connection busy, one request at a time, for so long. */
  run(ms: number): Promise<LoadResult>;
  close(): void;
}

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: (\d+)/i;

/**
 * A client cheap enough not to be what is measured: requests are bytes made beforehand, and of an answer only the
 * status and the length are read.
 * @param requests sent in turn
 * @param status anything else ends the bench: a fast refusal is no figure
 */
export async function openLoad(
  port: number,
  connections: number,
  requests: readonly Buffer[],
  status: number,
): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  let turn = 0;
  const next = (): Buffer => requests[turn++ % requests.length] ?? Buffer.alloc(0);
  return {
    async run(ms) {
      const window = new LoadWindow(ms);
      await Promise.all(sockets.map((socket) => keepBusy(socket, { window, next, status })));
      return window.result();
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A request of HTTP/1.1 as bytes. */
export function httpRequest(method: string, path: string, body = ''): Buffer {
  const head = [`${method} ${path} HTTP/1.1`, 'host: localhost'];
  if (body !== '') head.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(head.join('\r\n') + HEAD_END + body);
}

interface Requests {
  readonly window: LoadWindow;
  readonly next: () => Buffer;
  readonly status: number;
}

function keepBusy(socket: Socket, { window, next, status }: Requests): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.write(next());
    };
    const stop = (error?: Error): void => {
      socket.removeAllListeners('data').removeAllListeners('close');
      if (error) reject(error);
      else resolve();
    };
    socket.on('close', () => stop(new Error('the server closed a connection')));
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (!isWhole(received)) return;
      if (!received.startsWith(`HTTP/1.1 ${status} `))
        return stop(new Error(`unexpected answer: ${received}`));
      received = '';
      if (window.ended(sentAt)) send();
      else stop();
    });
    send();
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = Number(LENGTH.exec(answer)?.[1] ?? 0);
  return answer.length >= end + HEAD_END.length + length;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
  await once(socket, 'connect');
  // Its close tells whoever waits for an answer.
  socket.on('error', () => undefined);
  return socket;
}
