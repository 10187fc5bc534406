import { messageOf, SluiceError } from '../../core/errors.ts';
import { type Problem, ServerProblem } from './server-problem.ts';

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Each of several values is a parameter of its own. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  /** Statuses that are answers like 2xx, such as 304. */
  readonly alsoFine?: readonly number[];
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined where there was no body. */
  readonly body: unknown;
}

/** Talks to the API of a running server, as the client commands do. */
export class HttpClient {
  readonly #url: URL;
  readonly #key: string | undefined;

  /** @param key the API key, where the server asks for one */
  constructor(url: URL, key: string | undefined) {
    this.#url = url;
    this.#key = key;
  }

  /**
   * @param path below the address of the server, such as `/v1/tasks`
   * @throws ServerProblem for an answer that is an error
   * @throws SluiceError `SLUICE_SERVER_UNREACHABLE`
   */
  async call(path: string, options: CallOptions = {}): Promise<Reply> {
    const response = await this.#send(path, options);
    const text = await response.text();
    const body = parse(text);
    if (!response.ok && !options.alsoFine?.includes(response.status)) {
      throw new ServerProblem(asProblem(body, response.status, text));
    }
    return { status: response.status, headers: response.headers, body };
  }

  async #send(
    path: string,
    { method = 'GET', query = {}, headers = {}, body }: CallOptions,
  ): Promise<Response> {
    const url = new URL(this.#url.pathname.replace(/\/$/, '') + path, this.#url);
    for (const [name, value] of given(query)) url.searchParams.append(name, value);
    const sent = new Headers(given(headers));
    if (this.#key !== undefined) sent.set('authorization', `Bearer ${this.#key}`);
    if (body !== undefined) sent.set('content-type', 'application/json');
    try {
      return await fetch(url, { method, headers: sent, ...(body === undefined ? {} : { body }) });
    } catch (error) {
      throw new SluiceError(
        'SLUICE_SERVER_UNREACHABLE',
        { url: this.#url.href, reason: messageOf(error) },
        { cause: error },
      );
    }
  }
}

function given(values: NonNullable<CallOptions['query']>): [string, string][] {
  return Object.entries(values).flatMap(([name, value = []]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is no problem document comes from something in front of the server, or from another server. */
function asProblem(body: unknown, status: number, text: string): Problem {
  if (typeof body === 'object' && body !== null && 'status' in body) return body as Problem;
  return {
    status,
    title: `the answer was ${status}`,
    detail: `The server answered ${status}: ${text.slice(0, 200)}`,
  };
}
