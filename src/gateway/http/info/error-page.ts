import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { ERRORS } from '../../../core/errors.ts';

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}' +
  'h2{font:600 1rem ui-monospace,monospace;margin:2rem 0 0}p{margin:.25rem 0}:target{background:Mark;color:MarkText}';
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The table of errors as HTML, with an anchor for each code. */
export const ERROR_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Errors of Sluice</title>
<style>${STYLE}</style>
<h1>Errors</h1>
${Object.entries(ERRORS)
  .map(([code, [status, retryable, message]]) => section(code, status, retryable, message))
  .join('\n')}
</html>
`;

/** @returns headers for one response: whoever sends them adds to them */
export function errorPageHeaders(): OutgoingHttpHeaders {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
  };
}

function section(code: string, status: number, retryable: boolean, message: string): string {
  return `<h2 id="${code}">${code}</h2>
<p>Status ${status} · ${retryable ? 'try again' : 'do not try again'}</p>
<p>${escapeHtml(message).replaceAll(/\{(\w+)\}/g, '<var>$1</var>')}</p>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
