/** Enough for whoever asked to set its timer. */
const TURNS = 20;

/**
 * Has a question asked that is answered while this process is held up for `ms` milliseconds: the answer lies unread, as
 * in a socket, until the timers have run.
 */
export async function heldUp<A, T>(
  { ms, answer }: { readonly ms: number; readonly answer: A },
  ask: (question: () => Promise<A>) => Promise<T>,
): Promise<T> {
  // From an immediate on, timers come before the next immediate.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return ask(
    () =>
      new Promise((resolve) => {
        setImmediate(() => resolve(answer));
        void holdUp(ms);
      }),
  );
}

async function holdUp(ms: number): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
  const until = performance.now() + ms;
  while (performance.now() < until);
}
