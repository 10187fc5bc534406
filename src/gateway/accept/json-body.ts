import { isUtf8 } from 'node:buffer';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Limits } from '../../core/limits.ts';
import { nestsDeeperThan } from './json-depth.ts';
import { unstorableTexts } from './storable-text.ts';

export interface JsonBody {
  /** The JSON exactly as it came. */
  readonly text: string;
  readonly value: unknown;
}

/**
 * Reads the JSON of a request body, having made sure first that it is safe to parse.
 * @throws SluiceError `SLUICE_BODY_TOO_LARGE`, `SLUICE_BODY_TOO_DEEP`, `SLUICE_BODY_NOT_JSON` or
 *   `SLUICE_TEXT_UNSTORABLE`
 */
export function readJsonBody(body: Buffer, limits: Limits): JsonBody {
  if (body.length > limits.maxBodyBytes) {
    throw new SluiceError('SLUICE_BODY_TOO_LARGE', { limit: limits.maxBodyBytes });
  }
  if (body.length === 0) throw new SluiceError('SLUICE_BODY_NOT_JSON', { reason: 'it is empty' });
  if (!isUtf8(body)) throw new SluiceError('SLUICE_BODY_NOT_JSON', { reason: 'it is not valid UTF-8' });
  const text = body.toString();
  if (nestsDeeperThan(limits.maxJsonDepth, text)) {
    throw new SluiceError('SLUICE_BODY_TOO_DEEP', { limit: limits.maxJsonDepth });
  }
  const value = parse(text);
  const issues = unstorableTexts(text, value);
  const [first] = issues.errors;
  if (first) {
    throw new SluiceError('SLUICE_TEXT_UNSTORABLE', {
      what: first.message.includes('NUL') ? 'NUL' : 'half of a surrogate pair',
      ...issues,
    });
  }
  return { text, value };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SluiceError('SLUICE_BODY_NOT_JSON', { reason: messageOf(error) }, { cause: error });
  }
}
