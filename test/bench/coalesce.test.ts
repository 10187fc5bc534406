import { expect, it } from 'vitest';
import { coalesce } from '../../bench/peers/coalesce.ts';

/** Batches that are stored when the test says so. */
function heldStore() {
  const batches: { items: readonly number[]; store(): void; refuse(): void }[] = [];
  const add = coalesce(
    (items: readonly number[]) =>
      new Promise<string[]>((resolve, reject) => {
        batches.push({
          items,
          store: () => resolve(items.map((item) => `stored ${item}`)),
          refuse: () => reject(new Error('the disk is full')),
        });
      }),
  );
  return { batches, add };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('stores a lone item at once', async () => {
  const { batches, add } = heldStore();
  const stored = add(1);
  await nextTurn();
  expect(batches.map(({ items }) => items)).toEqual([[1]]);
  batches[0]?.store();
  expect(await stored).toBe('stored 1');
});

it('stores what comes while a batch is being stored in the next one, and tells each what became of it', async () => {
  const { batches, add } = heldStore();
  const first = add(1);
  await nextTurn();
  const later = [add(2), add(3)];
  await nextTurn();
  expect(batches).toHaveLength(1);
  batches[0]?.store();
  await first;
  await nextTurn();
  expect(batches.map(({ items }) => items)).toEqual([[1], [2, 3]]);
  batches[1]?.store();
  expect(await Promise.all(later)).toEqual(['stored 2', 'stored 3']);
});

it('stores at most five hundred at a time', async () => {
  const { batches, add } = heldStore();
  const all = Array.from({ length: 501 }, (_nothing, at) => add(at));
  await nextTurn();
  expect(batches[0]?.items).toHaveLength(500);
  batches[0]?.store();
  await all[0];
  await nextTurn();
  expect(batches[1]?.items).toEqual([500]);
  batches[1]?.store();
  await Promise.all(all);
});

it('tells each item of a batch that was refused, and stores the next one', async () => {
  const { batches, add } = heldStore();
  const refused = [add(1), add(2)];
  await nextTurn();
  const later = add(3);
  batches[0]?.refuse();
  const results = await Promise.allSettled(refused);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await nextTurn();
  batches[1]?.store();
  expect(await later).toBe('stored 3');
});

it('takes a batch of which not everything was stored for refused', async () => {
  const add = coalesce(() => Promise.resolve(['one']));
  const results = await Promise.allSettled([add(1), add(2)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
