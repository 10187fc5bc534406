import type { SluiceError } from '../../../core/errors.ts';
import { invalidOption } from '../../query.ts';

/** What of a `Prefer` header is understood here. */
export interface Preference {
  /** How long to hold the answer, in seconds; undefined where that is not asked for. */
  readonly waitSeconds?: number | undefined;
  readonly respondAsync: boolean;
}

const NONE: Preference = { respondAsync: false };
/** `name[=value][;parameters]` between commas, the value a token or a quoted string: RFC 7240 section 2. */
const PREFERENCE =
  /^\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*([!#$%&'*+.^_`|~\w-]*|"(?:[^"\\]|\\.)*"))?\s*(?:;.*)?$/;
const SEPARATOR = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/;

/**
 * Reads a `Prefer` header. The first of several preferences of one name counts; unknown ones are ignored.
 * @param maxWaitSeconds what `wait` without a value stands for, and the longest wait there is
 * @throws SluiceError `SLUICE_OPTION_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc7240
 */
export function parsePrefer(
  header: string | readonly string[] | undefined,
  maxWaitSeconds: number,
): Preference {
  if (header === undefined) return NONE;
  const text = typeof header === 'string' ? header : header.join(',');
  const preferences = new Map<string, string>();
  for (const part of text.split(SEPARATOR).filter((item) => item.trim() !== '')) {
    const [, name, value = ''] = PREFERENCE.exec(part) ?? [];
    if (name === undefined) throw invalid(text);
    const key = name.toLowerCase();
    if (!preferences.has(key)) preferences.set(key, value.replace(/^"(.*)"$/, '$1'));
  }
  const wait = preferences.get('wait');
  if (wait !== undefined && !/^\d{0,9}$/.test(wait)) throw invalid(text);
  return {
    waitSeconds:
      wait === undefined ? undefined : Math.min(wait === '' ? maxWaitSeconds : Number(wait), maxWaitSeconds),
    respondAsync: preferences.has('respond-async'),
  };
}

/** Value of `Preference-Applied`, or undefined when nothing was asked for. */
export function applied({ waitSeconds, respondAsync }: Preference): string | undefined {
  const parts = [
    ...(respondAsync ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ];
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function invalid(value: string): SluiceError {
  return invalidOption('Prefer', value, 'a list such as wait=10 (whole seconds) or respond-async');
}
