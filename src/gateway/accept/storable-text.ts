import { firstIssues, type Issue, type Issues, MAX_ISSUES } from '../../core/schema.ts';

/** In JSON that is valid UTF-8, only an escape can stand for NUL or for half of a surrogate pair. */
const SUSPICIOUS = /\\u(?:0000|[dD][89a-fA-F])/;
const ESCAPE = '\\u';
const NUL = '\0';
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The strings, keys included, that not every store could keep: those with NUL or with half of a surrogate pair.
 * @param text the JSON that `value` was parsed from
 */
export function unstorableTexts(text: string, value: unknown): Issues {
  const issues: Issue[] = [];
  if (text.includes(ESCAPE) && SUSPICIOUS.test(text)) collect(value, '', issues);
  return firstIssues(issues);
}

/** Goes on until there is one more than is ever listed. */
function collect(value: unknown, pointer: string, issues: Issue[]): void {
  if (issues.length > MAX_ISSUES) return;
  if (typeof value === 'string') {
    const found = unstorable(value);
    if (found) issues.push({ pointer, message: `holds ${found}` });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, `${pointer}/${index}`, issues);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) collectProperty(key, item, pointer, issues);
  }
}

function collectProperty(key: string, value: unknown, pointer: string, issues: Issue[]): void {
  if (issues.length > MAX_ISSUES) return;
  const found = unstorable(key);
  if (found) issues.push({ pointer, message: `has a key that holds ${found}` });
  else collect(value, `${pointer}/${escapePointer(key)}`, issues);
}

function unstorable(text: string): string | undefined {
  if (text.includes(NUL)) return 'NUL (\\u0000)';
  return LONE_SURROGATE.test(text) ? 'half of a surrogate pair' : undefined;
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
