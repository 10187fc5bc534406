import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../core/schema.ts';
import { compilePattern, FORMATS } from './formats.ts';

/** Unknown keywords and formats are let through, as JSON Schema says: libraries write their own beside the standard. */
const OPTIONS: Options = {
  strict: false,
  logger: false,
  addUsedSchema: false,
  ownProperties: true,
  formats: FORMATS,
  code: { regExp: Object.assign(compilePattern, { code: 'new RegExp' }) },
};
/** A reference to the whole schema is found only where the schema has a name. */
const NAME = 'https://sluice.invalid/schema';

/** A schema that values can be checked against. */
export interface CompiledSchema {
  fits(value: unknown): boolean;
  /** What was wrong with the value that was checked last. */
  readonly errors: readonly ErrorObject[];
}

/**
 * Reads JSON Schemas of draft 2020-12, for gateways and runners alike: what one lets through must not fail in the other.
 */
export class SchemaCompiler {
  readonly #ajv: Ajv2020;

  /** @param options `allErrors`: go on behind the first error. `validateSchema: false`: it was compiled before. */
  constructor(options: Pick<Options, 'allErrors' | 'validateSchema'> = {}) {
    this.#ajv = new Ajv2020({ ...OPTIONS, ...options });
  }

  /** @throws Error with the reason why `schema` is not one that can be used */
  compile(schema: JsonSchema): CompiledSchema {
    if (schema['$async'] !== undefined) throw new Error('$async is not supported');
    const validate = this.#ajv.compile({ $id: NAME, ...schema });
    return {
      fits: (value) => validate(value),
      get errors() {
        return validate.errors ?? [];
      },
    };
  }

  /** The errors in a sentence, in which the value is called `value`. */
  textOf(errors: readonly ErrorObject[]): string {
    return this.#ajv.errorsText([...errors], { dataVar: 'value' });
  }
}
