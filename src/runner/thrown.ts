import { resolve, sep } from 'node:path';
import { isNonRetriable, isRetryAfter } from '../core/context.ts';
import { parseDuration } from '../core/duration.ts';
import { messageOf, SluiceError } from '../core/errors.ts';
import type { RunOutcome } from '../core/run-protocol.ts';
import type { TaskError } from '../core/task-record.ts';

type Threw = Extract<RunOutcome, { kind: 'threw' }>;

const MAX_CODE = 100;
const MAX_MESSAGE = 8 * 1024;
const MAX_STACK = 16 * 1024;
const MAX_CAUSES = 4;
/** Of the runner: as it is built, and as its source maps say. */
const OWN_FOLDERS = ['.', '../../src/runner'].map((path) => resolve(import.meta.dirname, path) + sep);

/** What a handler's throw means. Takes anything at all, since anything can be thrown: proxies and throwing getters too. */
export function threwBy(thrown: unknown): Threw {
  return { kind: 'threw', error: taskErrorOf(thrown), retry: attempt(() => retryOf(thrown)) ?? 'policy' };
}

/** A failure that more runs would not mend. `detail` is added to what the error says. */
export function threwForGood({ code, message }: SluiceError, detail = ''): Threw {
  return {
    kind: 'threw',
    error: { code, message: cut(`${message} ${detail}`.trim(), MAX_MESSAGE) },
    retry: 'never',
  };
}

export function taskErrorOf(thrown: unknown): TaskError {
  const message = cut(attempt(() => fullMessageOf(thrown)) ?? 'something that can not be shown', MAX_MESSAGE);
  const stack = attempt(() => textIn(thrown, 'stack'));
  const code = attempt(() => codeOf(thrown));
  const error = code
    ? { code: cut(code, MAX_CODE), message }
    : {
        code: 'SLUICE_HANDLER_FAILED',
        message: new SluiceError('SLUICE_HANDLER_FAILED', { reason: message }).message,
      };
  return stack ? { ...error, stack: cut(authorsPart(stack), MAX_STACK) } : error;
}

/** With what was underneath: of `fetch failed` alone nobody can tell why. */
function fullMessageOf(thrown: unknown): string {
  const messages: string[] = [messageOf(thrown)];
  let cause = causeOf(thrown);
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth += 1) {
    const said = textIn(cause, 'message') ?? textIn(cause, 'code');
    if (said !== undefined && !messages.includes(said)) messages.push(said);
    cause = causeOf(cause);
  }
  return messages.join(': ');
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown.cause : undefined;
}

/** The stack without the frames of the runner, which runs what it tells of, and of the inside of Node.js. */
function authorsPart(stack: string): string {
  const inside = (line: string): boolean =>
    line.includes('node:internal/') || OWN_FOLDERS.some((folder) => line.includes(folder));
  return stack
    .split('\n')
    .filter((line) => !(/^ +at /.test(line) && inside(line)))
    .join('\n');
}

/** The `code` of what was thrown, or a `name` that says more than "Error". */
function codeOf(thrown: unknown): string | undefined {
  const name = textIn(thrown, 'name');
  return textIn(thrown, 'code') ?? (name === 'Error' ? undefined : name);
}

function retryOf(thrown: unknown): Threw['retry'] {
  if (isNonRetriable(thrown)) return 'never';
  return isRetryAfter(thrown) ? parseDuration(thrown.delay, 'the delay of RetryAfter') : 'policy';
}

function textIn(thrown: unknown, property: string): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const value: unknown = Reflect.get(thrown, property);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
