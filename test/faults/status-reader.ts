import { quantile } from './accept-figures.ts';
import { KeptConnections } from './kept-connections.ts';

/** One answer to a GET of a task. */
interface Read {
  readonly ms: number;
  /** 0 without an answer. */
  readonly status: number;
  /** What was answered, where that was not 200. */
  readonly failure?: string;
}

export interface ReadFigures {
  readonly reads: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface StatusReaderOptions {
  readonly url: string;
  readonly perSecond: number;
  /** Id of the task to ask for now; undefined for none. */
  readonly next: () => string | undefined;
}

/** Asks for tasks at a fixed rate while it is on. */
export class StatusReader {
  readonly #reads: Read[] = [];
  readonly #options: StatusReaderOptions;
  readonly #connections: KeptConnections;
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: StatusReaderOptions) {
    this.#options = options;
    this.#connections = new KeptConnections(options.url);
    this.#timer = setInterval(() => this.#read(), 1000 / options.perSecond);
  }

  /** Resolves when all is answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#connections.close();
  }

  /** What is not 200, such as 404. */
  get failures(): string[] {
    return this.#reads.filter(({ status }) => status !== 200).map((read) => JSON.stringify(read));
  }

  get figures(): ReadFigures {
    const latencies = this.#reads.map(({ ms }) => ms).toSorted((one, other) => one - other);
    return {
      reads: latencies.length,
      failed: this.failures.length,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      max: quantile(latencies, 1),
    };
  }

  #read(): void {
    const id = this.#options.next();
    if (id === undefined) return;
    const reading = this.#ask(id).then((read) => {
      this.#reads.push(read);
      this.#underWay.delete(reading);
    });
    this.#underWay.add(reading);
  }

  async #ask(id: string): Promise<Read> {
    const begun = performance.now();
    const { status, body, failure } = await this.#connections.send(get(id));
    const ms = performance.now() - begun;
    return status === 200 ? { ms, status } : { ms, status, failure: failure ?? body.slice(0, 300) };
  }
}

function get(id: string): string {
  return `GET /v1/tasks/${id} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
}
