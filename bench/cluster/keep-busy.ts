import { type LoadResult, LoadWindow } from '../load-window.ts';

/** Has so many of the same thing under way at a time, for so long. Rejects when one of them does. */
export async function keepBusy(
  { inFlight, ms }: { readonly inFlight: number; readonly ms: number },
  work: () => Promise<unknown>,
): Promise<LoadResult> {
  const window = new LoadWindow(ms);
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let open = true; open;) {
        const begunAt = performance.now();
        await work();
        open = window.ended(begunAt);
      }
    }),
  );
  return window.result();
}
