import { SluiceError } from '../../core/errors.ts';

/** @throws SluiceError `SLUICE_PARAMETER_UNKNOWN` where a call that takes no query parameters was given one */
export function refuseParameters(query: unknown): void {
  const [parameter] = Object.keys(query ?? {});
  if (parameter !== undefined) {
    throw new SluiceError('SLUICE_PARAMETER_UNKNOWN', { parameter, known: 'none' });
  }
}
