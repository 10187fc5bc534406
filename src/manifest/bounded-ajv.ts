import { Ajv2020, type Options } from 'ajv/dist/2020.js';

/** How much one validation may do. */
export interface Bounds {
  /** Errors to make, those included that turn out not to count, as in a branch of `anyOf`. */
  readonly errors: number;
  /** Schemas to enter that are referred to. */
  readonly calls: number;
}

class BoundsExceeded extends Error {}

const STRINGS_AND_COUNTERS = /"(?:[^"\\]|\\.)*"|let errors = 0;|errors\+\+;/g;

/**
 * Ajv has no bounds of its own: of 100,000 wrong items it makes 100,000 errors, which it copies for each item where
 * their schema is a reference, and a recursive schema of two branches is gone through twice on every level. So the code
 * that it generates is made to count what it does.
 */
export class BoundedAjv extends Ajv2020 {
  #errors = Number.POSITIVE_INFINITY;
  #calls = Number.POSITIVE_INFINITY;

  constructor(options: Options) {
    super({ ...options, code: { ...options.code, process: counting } });
  }

  /** What `validate`, a function that this has generated, returns; undefined where it would have to exceed the bounds. */
  within<T>({ errors, calls }: Bounds, validate: () => T): T | undefined {
    this.#errors = errors;
    this.#calls = calls;
    try {
      return validate();
    } catch (error) {
      if (error instanceof BoundsExceeded) return undefined;
      throw error;
    } finally {
      this.#errors = Number.POSITIVE_INFINITY;
      this.#calls = Number.POSITIVE_INFINITY;
    }
  }

  /** For the generated code. */
  countError(): void {
    if (--this.#errors < 0) throw new BoundsExceeded();
  }

  /** For the generated code. */
  countCall(): void {
    if (--this.#calls < 0) throw new BoundsExceeded();
  }
}

function counting(code: string): string {
  return code.replaceAll(STRINGS_AND_COUNTERS, (found) => {
    if (found.startsWith('"')) return found;
    return `${found}self.${found === 'errors++;' ? 'countError' : 'countCall'}();`;
  });
}
