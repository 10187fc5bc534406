import type { ErrorObject, Options } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../core/schema.ts';
import { BoundedAjv, type Bounds } from './bounded-ajv.ts';
import { compilePattern, FORMATS } from './formats.ts';
import { UNIQUE_ITEMS } from './unique-items.ts';

/** Unknown keywords and formats are let through, as JSON Schema says: libraries write their own beside the standard. */
const OPTIONS: Options = {
  strict: false,
  strictNumbers: true,
  logger: false,
  addUsedSchema: false,
  ownProperties: true,
  formats: FORMATS,
  code: { regExp: Object.assign(compilePattern, { code: 'new RegExp' }) },
};
const UNBOUNDED: Bounds = { errors: Number.POSITIVE_INFINITY, calls: Number.POSITIVE_INFINITY };
/** A reference to the whole schema is found only where the schema has a name. */
const NAME = 'https://sluice.invalid/schema';

/** A schema that values can be checked against. */
export interface CompiledSchema {
  /** Undefined where that can not be told within the bounds. */
  fits(value: unknown): boolean | undefined;
  /** What was wrong with the last value that did not fit. */
  readonly errors: readonly ErrorObject[];
}

export interface SchemaCompilerOptions extends Pick<Options, 'allErrors' | 'validateSchema'> {
  /** Of each check. Default: none. */
  readonly bounds?: Bounds;
}

/**
 * Reads JSON Schemas of draft 2020-12, for gateways and runners alike: what one lets through must not fail in the other.
 */
export class SchemaCompiler {
  readonly #ajv: BoundedAjv;
  readonly #bounds: Bounds;

  /** @param options `allErrors`: go on behind the first error. `validateSchema: false`: it was compiled before. */
  constructor({ bounds = UNBOUNDED, ...options }: SchemaCompilerOptions = {}) {
    this.#ajv = new BoundedAjv({ ...OPTIONS, ...options });
    this.#ajv.removeKeyword('uniqueItems').addKeyword(UNIQUE_ITEMS);
    this.#bounds = bounds;
  }

  /** @throws Error with the reason why `schema` is not one that can be used */
  compile(schema: JsonSchema): CompiledSchema {
    if (schema['$async'] !== undefined) throw new Error('$async is not supported');
    const validate = this.#ajv.compile({ $id: NAME, ...schema });
    return {
      fits: (value) => this.#ajv.within(this.#bounds, () => validate(value)),
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
