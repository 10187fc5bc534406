import { messageOf } from '../../core/errors.ts';

/** What one look at the system found. */
export interface Finding {
  /** What was looked at. */
  readonly subject: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly says: string;
  /** What to do about it, where something is to be done. */
  readonly fix?: string;
}

export function ok(subject: string, says: string): Finding {
  return { subject, verdict: 'ok', says };
}

export function warn(subject: string, says: string, fix: string): Finding {
  return { subject, verdict: 'warn', says, fix };
}

export function fail(subject: string, says: string, fix: string): Finding {
  return { subject, verdict: 'fail', says, fix };
}

/** The finding of `look`, where an error is one too. */
export async function look(subject: string, fix: string, find: () => Promise<Finding>): Promise<Finding> {
  try {
    return await find();
  } catch (error) {
    return fail(subject, messageOf(error), fix);
  }
}
