import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StoreUnavailable } from '../../src/sqlite/batching-thread.ts';
import type { Caller, SqliteStore } from '../../src/sqlite/sqlite-store.ts';
import { operationModule, type ProbeReads, type ProbeWrites } from './probe-operations.mjs';
import { StoreFolder } from './store-folder.ts';

const PROBE = new URL('./probe-operations.mjs', import.meta.url);
const WAIT = { timeout: 20_000 };

let folder: StoreFolder;
let store: SqliteStore;
let write: Caller<ProbeWrites>;
let read: Caller<ProbeReads>;

beforeEach(async () => {
  folder = await StoreFolder.make([PROBE]);
  store = folder.store;
  write = store.writes(operationModule);
  read = store.reads(operationModule);
});

afterEach(() => folder.remove());

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What became of the calls, in their order. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'done';
    return outcome.reason instanceof StoreUnavailable ? 'unavailable' : 'refused';
  });
}

test('what is called while a commit is under way goes into the next one together', async () => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const first = write('hold', gate.buffer);
  const others: Promise<number>[] = [];
  for (const value of ['a', 'b', 'c']) {
    await turn();
    others.push(write('add', value));
  }
  await turn();
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const transaction = await first;
  expect(await Promise.all(others)).toEqual([transaction + 1, transaction + 1, transaction + 1]);
  expect([await write('add', 'd'), await write('add', 'e')]).toEqual([transaction + 2, transaction + 3]);
});

test('a call that fails costs the others of its transaction nothing', async () => {
  await write('add', 'a');
  const calls = [write('add', 'b'), write('add', 'a'), write('fail', 'ODD'), write('add', 'c')];
  expect(await outcomes(calls)).toEqual(['done', 'refused', 'refused', 'done']);
  await expect(calls[1]).rejects.toThrow(/UNIQUE/);
  expect(await read('values')).toEqual(['a', 'b', 'c']);
});

test('a handle that fails takes its whole transaction with it, and is replaced', async () => {
  const reopened = vi.fn<() => Promise<void>>(() => Promise.resolve());
  store.onReopened(reopened);
  await write('add', 'before');
  const calls = [write('add', 'with'), write('fail', 'SQLITE_IOERR_FSYNC')];
  expect(await outcomes(calls)).toEqual(['unavailable', 'unavailable']);
  expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('SQLITE_IOERR_FSYNC') });
  expect(await outcomes([write('add', 'while'), read('values')])).toEqual(['unavailable', 'done']);
  expect(reopened).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(store.health().ok).toBe(true), WAIT);
  expect(reopened).toHaveBeenCalledOnce();
  await write('add', 'after');
  expect(await read('values')).toEqual(['after', 'before']);
});

test('what is written on reopening comes before everything else', async () => {
  const order: string[] = [];
  store.onReopened(async () => {
    await write('add', 'first');
    order.push('reopened');
  });
  await outcomes([write('fail', 'SQLITE_IOERR_WRITE')]);
  for (;;) {
    const [outcome] = await outcomes([write('add', 'second')]);
    if (outcome === 'done') break;
    await turn();
  }
  order.push('called');
  expect(order).toEqual(['reopened', 'called']);
});

test('a file whose reopening is not finished is opened once more', async () => {
  let attempts = 0;
  store.onReopened(async () => {
    attempts += 1;
    if (attempts === 1) await write('fail', 'SQLITE_IOERR_READ');
    if (attempts === 2) throw new Error('not yet');
  });
  await outcomes([write('fail', 'SQLITE_IOERR_WRITE')]);
  await vi.waitFor(() => {
    expect(attempts).toBe(3);
    expect(store.health().ok).toBe(true);
  }, WAIT);
  await write('add', 'a');
  expect(await read('values')).toEqual(['a']);
});

test('a reader that fails is replaced while writes go on', async () => {
  const reopened = vi.fn<() => Promise<void>>(() => Promise.resolve());
  store.onReopened(reopened);
  const calls = [read('values'), read('fail', 'SQLITE_IOERR_READ'), write('add', 'a')];
  expect(await outcomes(calls)).toEqual(['done', 'unavailable', 'done']);
  expect(store.health().ok).toBe(false);
  await vi.waitFor(() => expect(store.health().ok).toBe(true), WAIT);
  expect(await read('values')).toEqual(['a']);
  expect(reopened).not.toHaveBeenCalled();
});

test('a full disk refuses everything at hand, says so, and breaks nothing', async () => {
  const reopened = vi.fn<() => Promise<void>>(() => Promise.resolve());
  store.onReopened(reopened);
  expect(await outcomes([write('add', 'a'), write('fail', 'SQLITE_FULL')])).toEqual([
    'unavailable',
    'unavailable',
  ]);
  expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('SQLITE_FULL') });
  await write('add', 'b');
  expect(store.health().ok).toBe(true);
  expect(await read('values')).toEqual(['b']);
  expect(reopened).not.toHaveBeenCalled();
});

test('closing answers what was called, and frees the folder though a thread is being replaced', async () => {
  const reopened = vi.fn<() => Promise<void>>(() => Promise.resolve());
  store.onReopened(reopened);
  const last = write('add', 'last');
  await folder.reopen('close');
  await expect(last).resolves.toBeTypeOf('number');
  await outcomes([folder.store.writes(operationModule)('fail', 'SQLITE_IOERR_WRITE')]);
  await folder.reopen('close');
  expect(await folder.store.reads(operationModule)('values')).toEqual(['last']);
  await expect(write('add', 'too late')).rejects.toThrow(StoreUnavailable);
  expect(reopened).not.toHaveBeenCalled();
});
