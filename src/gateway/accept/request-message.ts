import type { Message } from '../../core/message.ts';
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

/** Fair sub-queues are the business of the queue's owner; what a gateway takes in waits in the first. */
const LANE = 0;

/**
 * The message for the first run of an accepted task. All its times count from the time of the id, so that the same
 * message can be made again for the id.
 * @throws SluiceError `SLUICE_DEADLINE_INVALID`
 */
export function messageOfRequest(parts: MessageParts): Message {
  const { id, tenant, task, options, idempotencyKey, input } = parts;
  const ordered = task.concurrencyLimit !== undefined || options.key !== undefined;
  return {
    id: id.text,
    run: 1,
    tenant,
    task: task.name,
    queue: task.queue,
    priority: options.priority ?? task.priority,
    lane: LANE,
    publishedAt: id.time,
    ...resolveTimes(options, id.time),
    concurrencyKey: ordered ? `${tenant}/${task.name}/${options.key ?? ''}` : undefined,
    concurrencyLimit: ordered ? (task.concurrencyLimit ?? 1) : undefined,
    tags: options.tags,
    idempotencyKey,
    input,
  };
}
