import { expect, it, vi } from 'vitest';
import { SteadyLoad } from '../../bench/contest/steady-load.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('begins again on a connection as soon as its work is done, until it is stopped', async () => {
  const begun: string[] = [];
  const load = new SteadyLoad(['one', 'other'], async (connection) => {
    begun.push(connection);
    await nextTurn();
  });
  await vi.waitFor(() => expect(load.latencies.length).toBeGreaterThan(10));
  await load.stop();
  expect(load.latencies).toHaveLength(begun.length);
  expect(new Set(begun)).toEqual(new Set(['one', 'other']));
});

it('counts what was under way when it was stopped once that is done', async () => {
  const ends: (() => void)[] = [];
  const load = new SteadyLoad(['one'], () => new Promise((resolve) => void ends.push(resolve)));
  expect(load.latencies).toEqual([]);
  const stopped = load.stop();
  for (const end of ends) end();
  await stopped;
  expect(load.latencies).toHaveLength(1);
});

it('rejects when any of the work does', async () => {
  const load = new SteadyLoad(['one', 'other'], (connection) =>
    connection === 'one' ? Promise.reject(new Error('refused')) : nextTurn(),
  );
  await expect(load.goOn(60_000)).rejects.toThrow('refused');
  await expect(load.stop()).rejects.toThrow('refused');
});
