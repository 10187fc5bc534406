import type { ServerResponse } from 'node:http';

/** Aborted when the connection closes, which ends whatever is done for nobody. */
export function untilDisconnect(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  if (response.destroyed) controller.abort();
  return controller.signal;
}
