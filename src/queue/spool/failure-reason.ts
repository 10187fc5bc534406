import { SluiceError, messageOf } from '../../core/errors.ts';

/** Why a queue has not taken something. The message of its error is for those whose request it was. */
export function failureReason(thrown: unknown): string {
  if (SluiceError.is(thrown, 'SLUICE_QUEUE_FULL')) return 'it is full';
  const reason = SluiceError.is(thrown) ? thrown.data['reason'] : undefined;
  return typeof reason === 'string' ? reason : messageOf(thrown);
}
