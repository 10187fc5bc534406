import { connect, type Socket } from 'node:net';

/** What came back. */
export interface Answer {
  /** 0 without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Why there is none. */
  readonly failure?: string;
}

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: (\d+)/i;
const CLOSES = /\r\nconnection: close/i;
const STATUS_AT = 'HTTP/1.1 '.length;
/** Longer than any balancer or gateway holds a request. */
const GIVE_UP_MS = 60_000;

/**
 * A connection that carries one request at a time: bytes made beforehand, and as little as possible read of the answer,
 * since the client has no cores of its own.
 */
export class KeptConnection {
  readonly #socket: Socket;
  #received = '';
  #answered: ((answer: Answer) => void) | undefined;
  #usable = true;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('utf8');
    this.#socket.setTimeout(GIVE_UP_MS, () => this.#end('no answer'));
    this.#socket.on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the connection was closed'));
  }

  /** False once it is closed, or about to be. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Never rejects. */
  send(request: string): Promise<Answer> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#end('it is over');
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const body = this.#received.slice(headEnd + HEAD_END.length);
    if (Buffer.byteLength(body) < Number(LENGTH.exec(head)?.[1] ?? 0)) return;
    this.#received = '';
    this.#usable &&= !CLOSES.test(head);
    this.#answer({ status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), head, body });
  }

  #end(failure: string): void {
    this.#usable = false;
    this.#socket.destroy();
    this.#answer({ status: 0, head: '', body: '', failure });
  }

  #answer(answer: Answer): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(answer);
  }
}
