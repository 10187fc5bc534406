export class DeadlinePassed extends Error {}

/**
 * What `promise` resolves to. An answer that is at hand costs no timer.
 * @throws DeadlinePassed when it takes longer than `ms`; what it does later is ignored
 */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let settled = false;
    const settle = (end: () => void): void => {
      settled = true;
      clearTimeout(timer);
      end();
    };
    const pass = (): void => reject(new DeadlinePassed(`no answer within ${ms} ms`));
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
    );
    // Runs behind the reaction to a promise that is settled already.
    queueMicrotask(() => {
      // Where this process itself was held up, the answer may be there, and is read before the immediate runs.
      if (!settled) timer = setTimeout(() => setImmediate(pass), ms);
    });
  });
}
