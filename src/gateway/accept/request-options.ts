import { parseDuration } from '../../core/duration.ts';
import { SluiceError } from '../../core/errors.ts';
import { PRIORITIES, type Priority } from '../../core/message.ts';
import { invalidOption, oneOf, type Query, refuseUnknown, single } from '../query.ts';
import { parseTime } from './request-time.ts';

/** What the query of an accept may ask for. */
export interface RequestOptions {
  readonly priority?: Priority | undefined;
  /** Tasks of one key run one after another, or as many at a time as the definition allows. */
  readonly key?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly due?: Moment | undefined;
  readonly deadline?: Moment | undefined;
  /** The parameters as they came, in an order of their own: the same for a repeated request. */
  readonly content: readonly string[];
}

/** A point in time, or a distance from the moment of accepting. Milliseconds, since the epoch or not. */
export type Moment = { readonly at: number } | { readonly after: number };

export interface Times {
  /** Not to be run before; undefined when that is now. */
  readonly dueAt?: number | undefined;
  readonly deadlineAt?: number | undefined;
}

const PARAMETERS = ['delay', 'runAt', 'priority', 'deadline', 'key', 'tag'];
const NO_OPTIONS: RequestOptions = { content: [] };
const KEY = /^[\x21-\x7e]{1,128}$/;
const TAG = /^[\x21-\x2b\x2d-\x7e]{1,64}$/;
const MAX_TAGS = 10;
const MOMENT = 'a time such as 2030-01-31T08:00:00Z, or a duration from now such as 30s, 5m or 12h';

/**
 * @throws SluiceError `SLUICE_PARAMETER_UNKNOWN` or `SLUICE_OPTION_INVALID`
 */
export function parseRequestOptions(query: Query): RequestOptions {
  const names = Object.keys(query);
  if (names.length === 0) return NO_OPTIONS;
  refuseUnknown(query, PARAMETERS);
  return {
    priority: oneOf(query, 'priority', PRIORITIES),
    key: parseKey(single(query, 'key')),
    tags: parseTags(query['tag']),
    due: parseDue(single(query, 'delay'), single(query, 'runAt')),
    deadline: parseDeadline(single(query, 'deadline')),
    content: names.toSorted().map((name) => `${name}=${String(query[name])}`),
  };
}

/**
 * The times meant by `options` of a request accepted at `now`.
 * @throws SluiceError `SLUICE_DEADLINE_INVALID` when the task could never run
 */
export function resolveTimes(options: RequestOptions, now: number): Times {
  const due = options.due && timeOf(options.due, now);
  const dueAt = due !== undefined && due > now ? due : undefined;
  const deadlineAt = options.deadline && timeOf(options.deadline, now);
  if (deadlineAt !== undefined && deadlineAt <= (dueAt ?? now)) {
    throw new SluiceError('SLUICE_DEADLINE_INVALID', {
      deadline: new Date(deadlineAt).toISOString(),
      bound: dueAt === undefined ? 'now' : `the start at ${new Date(dueAt).toISOString()}`,
    });
  }
  return { dueAt, deadlineAt };
}

function timeOf(moment: Moment, now: number): number {
  return 'at' in moment ? moment.at : now + moment.after;
}

function parseKey(text: string | undefined): string | undefined {
  if (text !== undefined && !KEY.test(text)) {
    throw invalidOption('key', text, '1 to 128 visible ASCII characters');
  }
  return text;
}

function parseTags(value: Query[string]): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const tags = typeof value === 'string' ? [value] : value;
  if (tags.length > MAX_TAGS || !tags.every((tag) => TAG.test(tag))) {
    throw invalidOption(
      'tag',
      tags.join(', '),
      `given at most ${MAX_TAGS} times, each with 1 to 64 visible ASCII characters other than the comma`,
    );
  }
  return [...new Set(tags)];
}

function parseDue(delay: string | undefined, runAt: string | undefined): Moment | undefined {
  if (delay !== undefined && runAt !== undefined) {
    throw invalidOption('runAt', runAt, 'left out where a delay is given');
  }
  if (delay !== undefined) return { after: parseDuration(delay, 'delay') };
  if (runAt === undefined) return undefined;
  const at = parseTime(runAt);
  if (at === undefined) throw invalidOption('runAt', runAt, 'a time such as 2030-01-31T08:00:00Z');
  return { at };
}

function parseDeadline(text: string | undefined): Moment | undefined {
  if (text === undefined) return undefined;
  const at = parseTime(text);
  if (at !== undefined) return { at };
  try {
    return { after: parseDuration(text, 'deadline') };
  } catch {
    throw invalidOption('deadline', text, MOMENT);
  }
}
