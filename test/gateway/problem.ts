import { expect } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';

/** What a problem response says beside its standard members. */
export type ProblemBody = Readonly<Record<string, unknown>>;

/** Asserts that `response` is the problem of `code`, whole and without a trace of the code behind it. */
export async function expectProblem(
  response: Response,
  code: ErrorCode,
  basePath = '',
): Promise<ProblemBody> {
  const text = await response.text();
  const body = JSON.parse(text) as ProblemBody;
  const [status] = ERRORS[code];
  expect(body).toMatchObject({
    type: `${basePath}/docs/errors#${code}`,
    title: expect.stringMatching(/^[A-Z][a-z ]+$/) as unknown,
    status,
    detail: expect.any(String) as unknown,
    code,
  });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(text).not.toMatch(/node_modules|\bat \S+ ?\(?\/.+:\d+:\d+|\{\w+\}/);
  return body;
}
