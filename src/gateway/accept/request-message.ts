import { FIRST_LANE, type Message } from '../../core/message.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { TaskManifest } from '../../manifest/manifest.ts';
import { type RequestOptions, resolveTimes } from './request-options.ts';

/** What a message is made of. */
export interface MessageParts {
  readonly id: TaskId;
  readonly tenant: string;
  readonly task: TaskManifest;
  readonly options: RequestOptions;
  readonly idempotencyKey: string | undefined;
  readonly input: string;
}

/**
 * The message for the first run of an accepted task. All its times count from the time of the id, so that the same
 * message can be made again for the id.
 * @throws SluiceError `SLUICE_DEADLINE_INVALID`
 */
export function messageOfRequest(parts: MessageParts): Message {
  const { id, tenant, task, options, idempotencyKey, input } = parts;
  const message: Mutable<Message> = {
    id: id.text,
    run: 1,
    tenant,
    task: task.name,
    queue: task.queue,
    priority: options.priority ?? task.priority,
    lane: FIRST_LANE,
    publishedAt: id.time,
    input,
  };
  // Fields that are not there are left out rather than undefined: each of those would slow the encoding down.
  if (idempotencyKey !== undefined) message.idempotencyKey = idempotencyKey;
  if (options.tags) message.tags = options.tags;
  if (options.due ?? options.deadline) Object.assign(message, resolveTimes(options, id.time));
  if (task.concurrencyLimit !== undefined || options.key !== undefined) {
    message.concurrencyKey = `${tenant}/${task.name}/${options.key ?? ''}`;
    message.concurrencyLimit = task.concurrencyLimit ?? 1;
  }
  return message;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
