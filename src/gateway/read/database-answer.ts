import { DeadlinePassed, within } from '../../core/deadline.ts';
import { SluiceError } from '../../core/errors.ts';

const DEADLINE_MS = 10_000;

/**
 * What the database answers to a call that nothing else can answer.
 * @throws SluiceError `SLUICE_DATABASE_UNAVAILABLE`, also when it takes too long; and whatever else `answer` rejects with
 */
export async function databaseAnswer<T>(answer: Promise<T>): Promise<T> {
  try {
    return await within(DEADLINE_MS, answer);
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE', {}, { cause: error });
  }
}
