import { isIPv4, isIPv6 } from 'node:net';

const DATE = String.raw`\d{4}-\d\d-\d\d`;
const TIME = String.raw`\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?`;

/**
 * The formats that are checked before a task is accepted. A format means something else in every library, and the one
 * that the definition was written with has the last word in the runner; so each check lets through whatever any of them
 * takes: a time without a zone, a URL with an umlaut.
 */
export const FORMATS: Readonly<Record<string, RegExp | ((text: string) => boolean)>> = {
  date: new RegExp(`^${DATE}$`),
  time: new RegExp(`^${TIME}$`, 'i'),
  'date-time': new RegExp(`^${DATE}[T ]${TIME}$`, 'i'),
  email: /^[^@\s].*@[^@\s]+$/,
  uuid: /^(?:urn:uuid:)?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i,
  ipv4: isIPv4,
  ipv6: isIPv6,
  uri: (text) => URL.canParse(text),
};

/** A pattern of a library may be one that is valid only without the `u` flag. */
export function compilePattern(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}
