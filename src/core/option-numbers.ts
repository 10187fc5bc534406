import { SluiceError } from './errors.ts';

/** @throws SluiceError `SLUICE_OPTION_INVALID`, naming `option`, for what is not a whole number from `least` up */
export function wholeNumber(option: string, value: number, least: 0 | 1): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new SluiceError('SLUICE_OPTION_INVALID', {
    option,
    value: String(value),
    expected: `a whole number from ${least} up`,
  });
}

/**
 * `defaults` with what is given in their place.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for a name that `defaults` does not have, and as `wholeNumber` does
 */
export function wholeNumbers<T extends { readonly [K in keyof T]: number }>(
  option: string,
  defaults: T,
  given: Partial<T> | undefined,
  least: 0 | 1,
): T {
  const values: [string, number][] = Object.entries<number | undefined>(given ?? {}).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, value]]),
  );
  for (const [name, value] of values) {
    if (!Object.hasOwn(defaults, name)) {
      const expected = `one of ${Object.keys(defaults).join(', ')}`;
      throw new SluiceError('SLUICE_OPTION_INVALID', { option, value: JSON.stringify(name), expected });
    }
    wholeNumber(`${option}.${name}`, value, least);
  }
  return { ...defaults, ...Object.fromEntries(values) };
}
