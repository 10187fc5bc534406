import { SluiceError } from '../core/errors.ts';

/** True of the rejection of a call that took the database too long: less of it at a time may not. */
export function timedOut(error: unknown): boolean {
  return SluiceError.is(error, 'SLUICE_DATABASE_UNAVAILABLE') && error.data['timedOut'] === true;
}
