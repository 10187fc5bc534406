interface Waiting<Item, Stored> {
  readonly item: Item;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (reason: unknown) => void;
}

/** Bounds how long those behind a batch wait. */
const MAX_BATCH = 500;

/**
 * Makes of `store` a function for one item. One batch is being stored at a time, and what comes meanwhile goes into the
 * next; where none is, an item goes at once, with what else comes in the same turn of the event loop.
 * @param store resolves with what has become of each item, in their order; where it rejects, so does each
 */
export function coalesce<Item, Stored>(
  store: (items: readonly Item[]) => Promise<readonly Stored[]>,
): (item: Item) => Promise<Stored> {
  const waiting: Waiting<Item, Stored>[] = [];
  let storing = false;
  const storeAll = async (): Promise<void> => {
    while (waiting.length > 0) await storeBatch(waiting.splice(0, MAX_BATCH), store);
    storing = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (storing) return;
      storing = true;
      setImmediate(() => void storeAll());
    });
}

/** Never rejects. */
async function storeBatch<Item, Stored>(
  batch: readonly Waiting<Item, Stored>[],
  store: (items: readonly Item[]) => Promise<readonly Stored[]>,
): Promise<void> {
  try {
    const stored = await store(batch.map(({ item }) => item));
    if (stored.length !== batch.length) throw new Error(`of ${batch.length}, ${stored.length} are stored`);
    for (const [at, { resolve }] of batch.entries()) resolve(stored[at] as Stored);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
