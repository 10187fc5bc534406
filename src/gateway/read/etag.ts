/** The entity tag of a version of a task. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * True when the `If-None-Match` header names `etag`.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 (which asks for the weak comparison)
 */
export function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
