import type { Options } from 'ajv/dist/2020.js';
import { compilePattern, FORMATS } from './formats.ts';

/**
 * How JSON Schemas are read, by gateways and runners alike: what one lets through must not fail in the other. Unknown
 * keywords and formats are let through, as JSON Schema says: libraries write their own beside the standard.
 */
export const AJV_OPTIONS: Options = {
  strict: false,
  logger: false,
  addUsedSchema: false,
  ownProperties: true,
  formats: FORMATS,
  code: { regExp: Object.assign(compilePattern, { code: 'new RegExp' }) },
};
