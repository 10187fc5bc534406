import { type ErrorCode, SluiceError } from './core/errors.ts';
import { Shutdown } from './core/shutdown.ts';

const AWAY: Partial<Record<ErrorCode, string>> = {
  SLUICE_QUEUE_UNAVAILABLE: 'queue',
  SLUICE_DATABASE_UNAVAILABLE: 'database',
};

/** Starts a process; where that fails, nothing of it is left running. */
export async function starting<T>(start: (shutdown: Shutdown) => Promise<T>): Promise<T> {
  const shutdown = new Shutdown();
  try {
    return await start(shutdown);
  } catch (error) {
    // What can not be ended well either, such as a spool that holds tasks, is not what went wrong.
    await shutdown.run(0).catch(() => undefined);
    throw atStart(error);
  }
}

/** An engine that does not answer means another thing to whoever starts a process than to a request that is under way. */
function atStart(error: unknown): unknown {
  const engine = SluiceError.is(error) ? AWAY[error.code] : undefined;
  if (engine === undefined || !SluiceError.is(error)) return error;
  const { reason = 'it does not answer' } = error.data;
  return new SluiceError('SLUICE_ENGINE_UNREACHABLE', { engine, reason }, { cause: error });
}
