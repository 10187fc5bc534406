import { SluiceError } from '../core/errors.ts';

/** Query parameters; one that was given several times has an array. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @throws SluiceError `SLUICE_PARAMETER_UNKNOWN` for a parameter that is not among `known` */
export function refuseUnknown(query: Query, known: readonly string[]): void {
  const parameter = Object.keys(query).find((name) => !known.includes(name));
  if (parameter === undefined) return;
  throw new SluiceError('SLUICE_PARAMETER_UNKNOWN', { parameter, known: known.join(', ') || 'none' });
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` for a parameter that was given several times */
export function single(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidOption(name, value.join(', '), 'given once');
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` for a parameter that is none of `words` */
export function oneOf<W extends string>(query: Query, name: string, words: readonly W[]): W | undefined {
  const text = single(query, name);
  const word = words.find((known) => known === text);
  if (text !== undefined && word === undefined) throw invalidOption(name, text, `one of ${words.join(', ')}`);
  return word;
}

export function invalidOption(option: string, value: string, expected: string): SluiceError {
  return new SluiceError('SLUICE_OPTION_INVALID', { option, value: JSON.stringify(value), expected });
}
