import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Limits } from '../../core/limits.ts';
import { encodeMessage, type Message } from '../../core/message.ts';
import type { TaskId, TaskIds } from '../../core/task-id.ts';
import type { CompiledManifest } from '../../manifest/compiled-manifest.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Query } from '../query.ts';
import { Admission } from './admission.ts';
import { readJsonBody } from './json-body.ts';
import { type MessageParts, messageOfRequest } from './request-message.ts';
import { parseRequestOptions } from './request-options.ts';
import { SharedAccepts } from './shared-accepts.ts';
import { SharedDeadline } from './shared-deadline.ts';

/** A task that someone asks for. */
export interface AcceptRequest {
  readonly tenant: string;
  readonly task: string;
  /** The JSON of the input. */
  readonly body: Buffer;
  /** See `parseRequestOptions`. */
  readonly query: Query;
  readonly idempotencyKey?: string | undefined;
}

/** A request that was checked, but for its times: a repeated one is answered as before even when its deadline has passed. */
export interface Prepared {
  readonly id: TaskId;
  /** What has to be the same in a repeated request. */
  readonly content: readonly string[];
  readonly parts: MessageParts;
}

/** A task that the queue has confirmed. */
export interface Accepted {
  readonly id: TaskId;
  readonly message: Message;
  /** True when another request under the same key was being accepted already: this one added nothing. */
  readonly replayed: boolean;
  /** `disk`: it is on the disk of this gateway alone, until the queue can be reached. */
  readonly durability?: 'disk' | undefined;
}

export interface AcceptorOptions {
  readonly queue: Pick<Queue, 'publish' | 'depth'>;
  readonly manifest: () => CompiledManifest;
  readonly ids: TaskIds;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** A queue that has not confirmed within this time counts as unavailable. */
const PUBLISH_DEADLINE_MS = 10_000;

/** Takes tasks in. Needs the queue and nothing else. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #admission: Admission;
  readonly #shared = new SharedAccepts<Accepted>();
  readonly #deadline = new SharedDeadline(PUBLISH_DEADLINE_MS);

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#admission = new Admission(options.queue, options.clock, options.limits.maxAcceptsInFlight);
  }

  /** How many messages the queue has not confirmed yet. */
  get inFlight(): number {
    return this.#admission.inFlight;
  }

  /** True for the name of a task that is taken in here. */
  knows(task: string): boolean {
    return this.#options.manifest().task(task) !== undefined;
  }

  /**
   * Checks a request. Nothing is queued yet.
   * @throws SluiceError `SLUICE_TASK_UNKNOWN`, those of `readJsonBody` and `parseRequestOptions`, and
   *   `SLUICE_INPUT_INVALID` with Issues
   */
  prepare(request: AcceptRequest): Prepared {
    const { ids, limits, manifest } = this.#options;
    const { tenant, idempotencyKey } = request;
    const task = manifest().task(request.task);
    if (!task) throw new SluiceError('SLUICE_TASK_UNKNOWN', { task: request.task });
    const options = parseRequestOptions(request.query);
    const input = readJsonBody(request.body, limits);
    const issues = task.check(input.value);
    if (issues) throw new SluiceError('SLUICE_INPUT_INVALID', { task: request.task, ...issues });
    const content = [input.text, ...options.content];
    const id = ids.mint({ tenant, task: request.task, idempotencyKey, content });
    const parts = { id, tenant, task: task.manifest, options, idempotencyKey, input: input.text };
    return { id, content, parts };
  }

  /** What was accepted when `prepared` was first sent, under the id that it got then. */
  replay({ parts }: Prepared, id: TaskId): Accepted {
    return { id, message: messageOfRequest({ ...parts, id }), replayed: true };
  }

  /**
   * Queues what was prepared; resolves when that is durable.
   * @throws SluiceError `SLUICE_GATEWAY_SATURATED`, `SLUICE_IDEMPOTENCY_KEY_REUSED`, or those of `messageOfRequest` and
   *   `Queue.publish`
   */
  submit(prepared: Prepared): Promise<Accepted> {
    return prepared.id.keyed ? this.#submitOnce(prepared) : this.#publish(prepared);
  }

  async #submitOnce(prepared: Prepared): Promise<Accepted> {
    const { id, content } = prepared;
    const other = this.#shared.join(id, content);
    if (other) return { ...(await other), replayed: true };
    const done = this.#publish(prepared);
    this.#shared.open(id, content, done);
    return done;
  }

  #publish({ id, parts }: Prepared): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      const message = messageOfRequest(parts);
      const { queue, priority, lane } = message;
      this.#admission.enter();
      const inTime = this.#deadline.begin(() => reject(new SluiceError('SLUICE_QUEUE_UNAVAILABLE')));
      const settled = (): void => {
        inTime();
        this.#admission.leave();
      };
      this.#options.queue
        .publish([{ address: { queue, priority, lane }, body: encodeMessage(message) }])
        .then(
          (disk) => {
            settled();
            resolve({ id, message, replayed: false, durability: disk ?? undefined });
          },
          (error: unknown) => {
            settled();
            reject(asSluiceError(error));
          },
        );
    });
  }
}

function asSluiceError(error: unknown): SluiceError {
  return SluiceError.is(error) ? error : new SluiceError('SLUICE_QUEUE_UNAVAILABLE', {}, { cause: error });
}
