import type { Duration } from '../core/duration.ts';
import { messageOf, SluiceError } from '../core/errors.ts';
import type { Priority } from '../core/message.ts';
import type { Issue } from '../core/schema.ts';
import { DEFAULT_TENANT } from '../core/tenant.ts';
import { checkedIdempotencyKey } from './accept/idempotency-key.ts';
import type { Gateway } from './gateway.ts';
import type { Query } from './query.ts';

/** What a request can say beside the input; see the query parameters of the HTTP API. */
export interface EnqueueOptions {
  /** The same key never starts two tasks. */
  readonly idempotencyKey?: string;
  readonly priority?: Priority;
  readonly delay?: Duration;
  readonly runAt?: Date;
  readonly deadline?: Date;
  readonly key?: string;
  readonly tags?: readonly string[];
}

/**
 * Accepts a task of this process for tenant `default`, as `POST /v1/tasks/<name>` does. Resolves when it is durably
 * queued.
 * @throws SluiceError as the HTTP API answers
 */
export async function enqueue(
  gateway: Gateway,
  task: string,
  input: unknown,
  { idempotencyKey, ...options }: EnqueueOptions = {},
): Promise<{ id: string }> {
  const prepared = gateway.acceptor.prepare({
    tenant: DEFAULT_TENANT,
    task,
    body: Buffer.from(inputJson(task, input)),
    query: queryOf(options),
    idempotencyKey: idempotencyKey === undefined ? undefined : checkedIdempotencyKey(idempotencyKey),
  });
  const { id } = await gateway.accept(prepared);
  return { id: id.text };
}

/** @throws SluiceError `SLUICE_INPUT_INVALID` for what JSON can not carry; no input at all is `null` */
function inputJson(task: string, input: unknown): string {
  try {
    const json: string | undefined = JSON.stringify(input ?? null);
    if (json === undefined) throw new TypeError(`a ${typeof input} is not JSON`);
    return json;
  } catch (error) {
    const errors: Issue[] = [{ pointer: '', message: messageOf(error) }];
    throw new SluiceError('SLUICE_INPUT_INVALID', { task, errors }, { cause: error });
  }
}

function queryOf({ priority, key, tags, delay, runAt, deadline }: EnqueueOptions): Query {
  const given = {
    priority,
    key,
    tag: tags,
    delay: typeof delay === 'number' ? `${delay}ms` : delay,
    runAt: runAt && timeText(runAt),
    deadline: deadline && timeText(deadline),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** A date that is none stays recognisable, for the parser to refuse. */
function timeText(time: Date): string {
  return Number.isNaN(time.getTime()) ? String(time) : time.toISOString();
}
