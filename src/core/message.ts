import { SluiceError } from './errors.ts';

/** Urgency of a task. Each is a queue of its own, since not every engine can order within one. */
export const PRIORITIES = ['high', 'normal', 'low'] as const;

export type Priority = (typeof PRIORITIES)[number];

/** The place in the message queue that a task waits in. */
export interface Address {
  readonly queue: string;
  readonly priority: Priority;
  readonly lane: number;
}

/** The lane of what is not shared out among several. */
export const FIRST_LANE = 0;

/** Every address that the tasks of a queue wait at. */
export function addressesOf(queue: string): Address[] {
  return PRIORITIES.map((priority) => ({ queue, priority, lane: FIRST_LANE }));
}

export function addressName({ queue, priority, lane }: Address): string {
  return `${queue}.${priority}.${lane}`;
}

/** The address that `addressName` made `name` of. */
export function parseAddress(name: string): Address {
  const [queue, priority, lane] = name.split('.');
  const known = PRIORITIES.find((candidate) => candidate === priority);
  if (!queue || !known || !/^\d+$/.test(lane ?? '')) throw new Error(`"${name}" is no address`);
  return { queue, priority: known, lane: Number(lane) };
}

/** What the queue carries: everything a worker needs to claim and run a task of which the database knows nothing yet. */
export interface Message extends Address {
  readonly id: string;
  /** The run that this message asks for: one more than the runs there were. */
  readonly run: number;
  readonly tenant: string;
  readonly task: string;
  readonly publishedAt: number;
  /** Not to be run before. */
  readonly dueAt?: number | undefined;
  /** Not to be started after. */
  readonly deadlineAt?: number | undefined;
  /** Tasks of one concurrency key run at most `concurrencyLimit` at a time. */
  readonly concurrencyKey?: string | undefined;
  readonly concurrencyLimit?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** The task whose handler enqueued this one. */
  readonly parentId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The JSON of the input exactly as it came. */
  readonly input: string;
}

const FORMAT = 1;

/**
 * The message as text: a line of JSON with its format version and every field but the input, then the input as it
 * came. Fields that this release does not know are kept, so that releases can roll.
 */
export function encodeMessage(message: Message): string {
  const { input, ...head }: Message & { v?: number } = message;
  head.v = FORMAT;
  return `${JSON.stringify(head)}\n${input}`;
}

/** @throws SluiceError `SLUICE_MESSAGE_INVALID` when the text is no message of a format that this release can read */
export function decodeMessage(text: string): Message {
  const end = text.indexOf('\n');
  const head = parseHead(end < 0 ? '' : text.slice(0, end));
  if (head['v'] !== FORMAT) throw invalid(`its format version is ${String(head['v'])}`);
  for (const field of ['id', 'task', 'tenant', 'queue'] as const) {
    if (typeof head[field] !== 'string') throw invalid(`it has no ${field}`);
  }
  if (!Number.isSafeInteger(head['run']) || !Number.isSafeInteger(head['publishedAt'])) {
    throw invalid('its run or its time is no number');
  }
  if (!PRIORITIES.includes(head['priority'] as Priority)) throw invalid('its priority is unknown');
  return { ...(head as unknown as Omit<Message, 'input'>), input: text.slice(end + 1) };
}

function parseHead(line: string): Record<string, unknown> {
  try {
    const head: unknown = JSON.parse(line);
    if (typeof head === 'object' && head !== null) return head as Record<string, unknown>;
  } catch {
    // Told below, like any other line that is no object.
  }
  throw invalid('it has no head');
}

function invalid(reason: string): SluiceError {
  return new SluiceError('SLUICE_MESSAGE_INVALID', { reason });
}
