import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: (\d+)/i;
const STATUS_AT = 'HTTP/1.1 '.length;

/** A connection that is kept alive and carries one request at a time; cheap enough not to be what is measured. */
export class Exchange {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed a connection')));
  }

  static async open(port: number): Promise<Exchange> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
    await once(socket, 'connect');
    return new Exchange(socket);
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const answer = parse(this.#received);
    if (!answer) return;
    this.#received = '';
    this.#waiting?.resolve(answer);
  }
}

/** Undefined while some of it is missing. */
function parse(text: string): Answer | undefined {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const bodyAt = headEnd + HEAD_END.length;
  const length = Number(LENGTH.exec(text)?.[1] ?? 0);
  if (text.length < bodyAt + length) return undefined;
  return { status: Number(text.slice(STATUS_AT, STATUS_AT + 3)), body: text.slice(bodyAt, bodyAt + length) };
}
