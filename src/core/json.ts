type Leaf = string | number | boolean | null;

/** What the compiler says in place of a type that JSON does not have. */
interface NotJson {
  readonly 'this can not be written as JSON': never;
}

/**
 * `T` with what JSON does not have taken out of it, so that `T` fits where it can be written as JSON: no bigint, symbol,
 * function, Map, Set or Promise, however deep. Values with a `toJSON`, such as a Date, do.
 */
export type Jsonable<T> = unknown extends T
  ? T
  : T extends Leaf | undefined | void | { toJSON(): unknown }
    ? T
    : T extends NoJson
      ? NotJson
      : { [K in keyof T]: Jsonable<T[K]> };

type NoJson =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/** What is read where a `T` was written as JSON: text for a Date, null for nothing. */
export type JsonOf<T> = unknown extends T
  ? T
  : T extends { toJSON(): infer J }
    ? JsonOf<J>
    : T extends undefined | void
      ? null
      : T extends Leaf
        ? T
        : T extends readonly unknown[]
          ? { -readonly [K in keyof T]: JsonOf<T[K]> }
          : { -readonly [K in keyof T]: JsonOf<Exclude<T[K], undefined>> | Extract<T[K], undefined> };

/** `T` for someone who only reads it, however deep. */
export type DeepReadonly<T> = T extends ((...args: never[]) => unknown) | { toJSON(): unknown }
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;
