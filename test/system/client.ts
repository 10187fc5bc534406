/** A task as the API shows it. */
export interface TaskShown {
  readonly id: string;
  readonly task?: string;
  readonly status: string;
  readonly version?: number;
  readonly attempts: number;
  readonly run: number;
  readonly crashes: number;
  readonly interruptions?: number;
  readonly finishedAt?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly stale?: true;
  readonly links: { readonly self: string };
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A problem document. */
export interface Problem {
  readonly code: string;
}

const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

export function hasEnded({ status }: TaskShown): boolean {
  return ENDED.has(status);
}

export interface PostOptions {
  readonly key?: string;
  /** Query parameters. */
  readonly query?: Record<string, string>;
}

/** Calls the API of one server. Rejects when the server is gone. */
export class Client {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async post(task: string, input: unknown, options: PostOptions = {}): Promise<Answer<TaskShown & Problem>> {
    const response = await fetch(
      `${this.#url}/v1/tasks/${task}?${new URLSearchParams(options.query).toString()}`,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
        },
        body: JSON.stringify(input),
      },
    );
    return { status: response.status, body: (await response.json()) as TaskShown & Problem };
  }

  /** Posts a task that has to be accepted; returns its id. */
  async accept(task: string, input: unknown, options?: PostOptions): Promise<string> {
    const { status, body } = await this.post(task, input, options);
    if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
    return body.id;
  }

  /** The task, which has to be there. */
  async get(id: string, prefer = ''): Promise<TaskShown> {
    const response = await fetch(`${this.#url}/v1/tasks/${id}`, prefer ? { headers: { prefer } } : {});
    const text = await response.text();
    if (response.status !== 200) throw new Error(`GET ${id} answered ${response.status} ${text}`);
    return JSON.parse(text) as TaskShown;
  }

  /** The task when it has ended. */
  async end(id: string): Promise<TaskShown> {
    for (;;) {
      const shown = await this.get(id, 'wait=20');
      if (hasEnded(shown)) return shown;
    }
  }

  /** Every task that the database has in `state`. */
  async list(state: string): Promise<TaskShown[]> {
    const tasks: TaskShown[] = [];
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ state, limit: '200', ...(cursor === undefined ? {} : { cursor }) });
      const response = await fetch(`${this.#url}/v1/tasks?${query.toString()}`);
      const page = (await response.json()) as { tasks: TaskShown[]; next?: string };
      tasks.push(...page.tasks);
      cursor = page.next;
    } while (cursor !== undefined);
    return tasks;
  }

  /** Status code of a plain GET. */
  async probe(path: string): Promise<number> {
    const response = await fetch(`${this.#url}${path}`);
    await response.arrayBuffer();
    return response.status;
  }
}
