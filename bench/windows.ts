import type { Load } from './load.ts';
import type { LoadResult } from './load-window.ts';
import type { PinnedServer } from './pinned-server.ts';
import { spent, threadTimes } from './thread-times.ts';

/** One window of one server. CPU times are microseconds per request. */
export interface Window extends LoadResult {
  readonly mainUs: number;
  readonly busiestUs: number;
  readonly allUs: number;
}

export interface Contender {
  readonly server: PinnedServer;
  readonly load: Load;
}

const WARM_UP_MS = 2000;
const WINDOW_MS = 1000;

/**
 * Loads the contenders in turn, a window each, so that whatever else this machine does falls on all of them.
 * Returns the windows of each, in the order they were measured.
 */
export async function interleave(contenders: readonly Contender[], seconds: number): Promise<Window[][]> {
  for (const { load } of contenders) await load.run(WARM_UP_MS);
  const rounds = Math.max(3, Math.round((seconds * 1000) / WINDOW_MS / contenders.length));
  const windows: Window[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) windows[index]?.push(await measure(contender));
  }
  return windows;
}

async function measure({ server, load }: Contender): Promise<Window> {
  const before = threadTimes(server.pid);
  const result = await load.run(WINDOW_MS);
  const { main, busiest, all } = spent(server.pid, before, threadTimes(server.pid));
  const { requests } = result;
  return { ...result, mainUs: main / requests, busiestUs: busiest / requests, allUs: all / requests };
}
