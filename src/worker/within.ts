/** Resolves when `done` has settled, after `ms` at the latest; leaves no timer behind. */
export async function within(done: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([done.catch(() => undefined), late]);
  clearTimeout(timer);
}
