import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../../../core/errors.ts';
import { JSON_TYPE } from './responder.ts';

const NO_BODY = Buffer.alloc(0);

/**
 * Reads a JSON body without Fastify's parser, which costs an accept more than all its checks. Calls back once, unless
 * the client goes away: then nobody waits for an answer.
 * @throws SluiceError `SLUICE_MEDIA_TYPE_UNSUPPORTED`, or `SLUICE_BODY_TOO_LARGE` when the head announces it
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (result: Buffer | SluiceError) => void,
): void {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (chunked === undefined && (length === undefined || length === '0')) {
    done(NO_BODY);
    return;
  }
  checkType(request);
  if (Number(length) > limit) throw new SluiceError('SLUICE_BODY_TOO_LARGE', { limit });
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = (chunk: Buffer): void => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= limit) return;
    request.off('data', collect).off('end', finish);
    done(new SluiceError('SLUICE_BODY_TOO_LARGE', { limit }));
  };
  const finish = (): void => done(joined(chunks));
  request.on('data', collect).on('end', finish);
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return only && chunks.length === 1 ? only : Buffer.concat(chunks);
}

/** A compressed body is not taken either. */
function checkType({ headers }: IncomingMessage): void {
  const { 'content-type': type, 'content-encoding': encoding = 'identity' } = headers;
  if (type !== JSON_TYPE && mediaType(type) !== JSON_TYPE) {
    throw new SluiceError('SLUICE_MEDIA_TYPE_UNSUPPORTED', { type: type ?? 'without a type' });
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw new SluiceError('SLUICE_MEDIA_TYPE_UNSUPPORTED', { type: `encoded as ${encoding}` });
  }
}

/** The type without its parameters: RFC 9110, section 8.3.1. */
function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase();
}
