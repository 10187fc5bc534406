import type { ErrorCode, SluiceError } from './errors.ts';

/**
 * An error as it is told to programs.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export interface ProblemDocument {
  /** Where the code is explained, as a reference relative to the server. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly [member: string]: unknown;
}

/** Path of the page that explains the codes, below the base path. A problem's `type` is this, `#` and its code. */
export const ERROR_PAGE_PATH = '/docs/errors';

/** What of an error's data is for callers. Everything else stays inside. */
const SHOWN = ['errors', 'moreErrors', 'taskId', 'error', 'state'] as const;

/**
 * @param error of which only the code, the message and the data meant for callers are shown
 * @param basePath of the gateway, which explains the code
 */
export function problemDocument(
  { code, status, data, message }: SluiceError,
  basePath: string,
): ProblemDocument {
  const shown = SHOWN.filter((name) => data[name] !== undefined).map((name) => [name, data[name]] as const);
  return {
    type: `${basePath}${ERROR_PAGE_PATH}#${code}`,
    title: titleOf(code),
    status,
    detail: message,
    code,
    ...Object.fromEntries(shown),
  };
}

/** `SLUICE_TASK_UNKNOWN` reads `Task unknown`. */
export function titleOf(code: ErrorCode): string {
  const words = code.slice('SLUICE_'.length).replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
