import { SluiceError, messageOf } from '../../core/errors.ts';

/** The fault as one of ours: what is not known by its code is a server that can not be reached. */
export function unavailable(thrown: unknown): SluiceError {
  if (SluiceError.is(thrown)) return thrown;
  return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: messageOf(thrown) }, { cause: thrown });
}

export function rejectUnavailable(thrown: unknown): Promise<never> {
  return Promise.reject(unavailable(thrown));
}

/** As whoever publishes is told: what a person has to mend is no fault of the message, and another try may succeed. */
export function unconfirmed(thrown: unknown): SluiceError {
  const error = unavailable(thrown);
  if (error.code !== 'SLUICE_QUEUE_UNUSABLE') return error;
  return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: error.message }, { cause: error });
}
