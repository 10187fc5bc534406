/** RFC 3339 section 5.6; a `+` that a client forgot to escape has become a space. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+ -]\d\d:\d\d)$/i;
/** Keeps every time within four digits of year. */
const LATEST = Date.UTC(9999, 0, 1);

/** Milliseconds since the epoch of an RFC 3339 date-time, or undefined where `text` is none. */
export function parseTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [, date = '', time = '', zone = ''] = match;
  const at = Date.parse(`${date}T${time}${zone.toUpperCase().replace(' ', '+')}`);
  const isDay = new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date) ?? false;
  return isDay && at > 0 && at < LATEST ? at : undefined;
}
