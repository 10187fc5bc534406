const SECRET_NAME = /secret|passw|token|authorization|api-?_?key|credential|cookie/i;
const REDACTED = '[redacted]';
const MAX_DEPTH = 6;

/** A copy of `data` fit for a log: nothing under a name that says it is secret, no credentials within texts. */
export function redact(data: Record<string, unknown>): Record<string, unknown> {
  return redactFields(data, 0);
}

/** `text` without bearer tokens and without the passwords of URLs. */
export function redactText(text: string): string {
  return text
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`)
    .replaceAll(/(\w+:\/\/[^\s:/@]*):[^\s/@]+@/g, `$1:${REDACTED}@`);
}

function redactFields(data: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      SECRET_NAME.test(name) && value !== undefined ? REDACTED : redactValue(value, depth + 1),
    ]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Error) return redactText(value.stack ?? value.message);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  // Bounds what a structure that holds itself can cost.
  if (depth > MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return redactFields(value, depth);
}
