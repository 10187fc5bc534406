import { type LoadResult, resultOf } from '../load.ts';

/** Has so many of the same thing under way at a time, for so long. Rejects when one of them does. */
export async function keepBusy(
  { inFlight, ms }: { readonly inFlight: number; readonly ms: number },
  work: () => Promise<unknown>,
): Promise<LoadResult> {
  const latencies: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let now = start; now < start + ms;) {
        await work();
        const then = performance.now();
        latencies.push(then - now);
        now = then;
      }
    }),
  );
  return resultOf(latencies, performance.now() - start);
}
