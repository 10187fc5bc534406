import { SluiceError } from '../core/errors.ts';

/**
 * Where the API begins, as it was given.
 * @throws SluiceError `SLUICE_OPTION_INVALID`
 */
export function checkedBasePath(basePath: string): string {
  if (/^(?:\/[\w.~-]+)*$/.test(basePath)) return basePath;
  throw new SluiceError('SLUICE_OPTION_INVALID', {
    option: 'basePath',
    value: JSON.stringify(basePath),
    expected: 'a path such as /jobs, without a slash at its end',
  });
}
