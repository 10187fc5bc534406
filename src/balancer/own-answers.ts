import { type ErrorCode, SluiceError } from '../core/errors.ts';
import { problemDocument } from '../core/problem-document.ts';

/** What HAProxy answers by itself, as a page of HTML otherwise. */
const OWN = [
  'SLUICE_REQUEST_TIMEOUT',
  'SLUICE_GATEWAY_LOST',
  'SLUICE_GATEWAY_UNREACHABLE',
  'SLUICE_GATEWAY_TIMEOUT',
] as const satisfies readonly ErrorCode[];

const RETRY_AFTER_S = 1;

/**
 * Lines of a HAProxy configuration that make its own answers problems as the gateways' are.
 * @see https://docs.haproxy.org/2.6/configuration.html#4-http-error
 */
export const OWN_ANSWERS: readonly string[] = OWN.map((code) => {
  const problem = problemDocument(new SluiceError(code), '');
  const retry = problem.status === 503 ? ` hdr Retry-After ${RETRY_AFTER_S}` : '';
  return `http-error status ${problem.status} content-type application/problem+json string ${quoted(JSON.stringify(problem))}${retry} hdr Cache-Control no-store`;
});

/** In single quotes HAProxy takes everything as it is. */
function quoted(text: string): string {
  if (text.includes("'")) throw new Error('HAProxy can not quote a single quote');
  return `'${text}'`;
}
