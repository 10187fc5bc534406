import { SluiceError } from './errors.ts';

/** A length of time: milliseconds as a number, or text such as `500ms`, `30s`, `5m`, `12h`, `90d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Longest duration taken, ten years: keeps every sum with a timestamp a safe integer. */
export const MAX_DURATION_MS: number = 3650 * 86_400_000;

/**
 * Whole milliseconds of `duration`, which may come from where no compiler has looked at it.
 * @param leastMs 1 where no time at all makes no sense
 * @throws SluiceError `SLUICE_OPTION_INVALID`, naming `option`, when it is malformed, too short or over ten years.
 */
export function parseDuration(duration: number | string, option: string, leastMs: 0 | 1 = 0): number {
  const ms = Math.round(typeof duration === 'number' ? duration : parseText(duration));
  if (ms >= leastMs && ms <= MAX_DURATION_MS) return ms;
  throw new SluiceError('SLUICE_OPTION_INVALID', {
    option,
    value: typeof duration === 'string' ? JSON.stringify(duration) : duration,
    expected: `a duration such as 500ms, 30s, 5m, 12h or 90d, of ${leastMs > 0 ? 'more than 0 and ' : ''}at most 3650d`,
  });
}

/** NaN for what is no duration. */
function parseText(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return Number.NaN;
  const [, amount, unit] = match;
  return Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
}
