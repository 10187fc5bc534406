import { SluiceError } from '../../core/errors.ts';

const KEY = /^[\x20-\x7e]{1,255}$/;
const BARE = /^[\x21\x23-\x7e]{1,255}$/;
/** A String of Structured Fields, RFC 8941 section 3.3.3. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"$/;

/**
 * The key of an `Idempotency-Key` header: a Structured Fields String, or the bare text that many clients send. Both
 * spellings of a key are the same key.
 * @throws SluiceError `SLUICE_IDEMPOTENCY_KEY_INVALID`
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function parseIdempotencyKey(header: string): string {
  const text = header.trim();
  if (BARE.test(text)) return text;
  const quoted = QUOTED.exec(text)?.[1];
  if (quoted === undefined) throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_INVALID');
  return quoted.replaceAll(/\\(["\\])/g, '$1');
}

/** @throws SluiceError `SLUICE_IDEMPOTENCY_KEY_INVALID` for a key that no header could give */
export function checkedIdempotencyKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_INVALID');
}
