import type { OutgoingHttpHeaders } from 'node:http';
import { type ErrorCode, SluiceError } from '../../../core/errors.ts';
import { problemDocument, titleOf } from '../../../core/problem-document.ts';

/** A response that tells what went wrong: RFC 9457. */
export interface Problem {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

const RETRY_AFTER_S = { SLUICE_QUEUE_FULL: 5 } as const satisfies Partial<Record<ErrorCode, number>>;

/** @param basePath of the gateway, which explains the code */
export function problemOf(error: SluiceError, basePath: string): Problem {
  return {
    status: error.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headersOf(error) },
    body: JSON.stringify(problemDocument(error, basePath)),
  };
}

function headersOf({ code, status, data }: SluiceError): OutgoingHttpHeaders {
  if (status === 503 || status === 429) {
    return {
      'retry-after': String(code in RETRY_AFTER_S ? RETRY_AFTER_S[code as keyof typeof RETRY_AFTER_S] : 1),
    };
  }
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 405) return { allow: String(data['allowed']) };
  return {};
}

/** What Fastify and Node.js refuse on their own, in our words. */
const FOREIGN: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'SLUICE_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'SLUICE_MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_EMPTY_TYPE: 'SLUICE_MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'SLUICE_REQUEST_MALFORMED',
  FST_ERR_BAD_URL: 'SLUICE_REQUEST_MALFORMED',
  FST_ERR_MAX_PARAM_LENGTH: 'SLUICE_ROUTE_NOT_FOUND',
  ERR_HTTP_REQUEST_TIMEOUT: 'SLUICE_REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'SLUICE_HEADERS_TOO_LARGE',
  ECONNRESET: 'SLUICE_REQUEST_MALFORMED',
};

/** The error as one of ours. What is unexpected becomes `SLUICE_INTERNAL`, with the original as its cause. */
export function asSluiceError(error: unknown, data: Readonly<Record<string, unknown>> = {}): SluiceError {
  if (SluiceError.is(error)) return error;
  const code = error instanceof Error && 'code' in error ? FOREIGN[String(error.code)] : undefined;
  return new SluiceError(code ?? 'SLUICE_INTERNAL', data, { cause: error });
}

/** A problem as the bytes of a whole response, for a connection that never became a request. */
export function rawProblem(error: SluiceError, basePath: string): string {
  const { status, headers, body } = problemOf(error, basePath);
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    date: new Date().toUTCString(),
  }).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return `HTTP/1.1 ${status} ${titleOf(error.code)}\r\n${lines.join('')}\r\n${body}`;
}
