import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../../../src/core/errors.ts';
import { ApiKeys } from '../../../../src/gateway/accept/api-keys.ts';
import { startGateway } from '../../start-gateway.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

it('explains each code, once, where the type of its problem points', async () => {
  const { url, get } = await startGateway({ basePath: '/jobs' });
  const problem = (await (await get('/v1/tasks/nonsense')).json()) as { type: string };
  const type = new URL(problem.type, url);
  expect(type.hash).toBe('#SLUICE_TASK_NOT_FOUND');
  const page = await fetch(type);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const html = await page.text();
  const anchors = Array.from(html.matchAll(/ id="([^"]+)"/g), ([, id]) => id);
  expect(anchors).toEqual(CODES);
  expect(html).toContain(
    '<h2 id="SLUICE_CREDENTIALS_MISSING">SLUICE_CREDENTIALS_MISSING</h2>\n' +
      '<p>Status 401 · do not try again</p>\n' +
      '<p>This server asks for an API key: send &quot;Authorization: Bearer &lt;key&gt;&quot;.</p>',
  );
  expect(html).toContain('<var>limit</var> levels allowed');
});

it('allows the page of errors its own style and nothing else, and shows it without a key', async () => {
  const apiKeys = ApiKeys.parse('acme:slc_live_0123456789abcdef', 'keys');
  const { get } = await startGateway({ apiKeys });
  const page = await get('/docs/errors');
  expect(page.status).toBe(200);
  const style = /<style>(.*)<\/style>/s.exec(await page.text())?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(page.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
});
