import { expect, it } from 'vitest';
import type { Health } from '../src/core/health.ts';
import { logDurability } from '../src/durability-log.ts';
import { recordingLogger } from './redis/recording-logger.ts';

const SYNCED: Health = { ok: true, durable: true, durability: 'synced' };
const CARELESS: Health = { ok: true, durable: false, durability: 'fsync is off' };
const AWAY: Health = { ok: false, durable: false, durability: 'unknown', reason: 'refused' };

function engine(...healths: Health[]): { asked: () => number; health: () => Promise<Health> } {
  let asked = 0;
  return {
    asked: () => asked,
    health: async () => healths[Math.min(asked++, healths.length - 1)] ?? SYNCED,
  };
}

async function logged(
  engines: Record<string, ReturnType<typeof engine>>,
  signal = new AbortController().signal,
): Promise<string[]> {
  const logger = recordingLogger();
  await logDurability({ engines, logger, againMs: 1 }, signal);
  return logger.entries;
}

it('tells of all engines in one line, once', async () => {
  expect(await logged({ queue: engine(SYNCED), database: engine(SYNCED) })).toEqual([
    'info what is confirmed lasts as the engines promise {"queue":"synced","database":"synced"}',
  ]);
});

it('warns of one that can lose what it confirms', async () => {
  expect(await logged({ queue: engine(SYNCED), database: engine(CARELESS) })).toEqual([
    'warn an engine promises less than it could: what it confirms can be lost {"queue":"synced","database":"fsync is off"}',
  ]);
});

it('tells of one that is away as soon as it is there, and asks the others no more', async () => {
  const queue = engine(SYNCED);
  const told = await logged({ queue, database: engine(AWAY, AWAY, AWAY, CARELESS) });
  expect(told).toEqual([
    expect.stringMatching(/^info .*"queue":"synced","database":"not known yet: refused"/),
    expect.stringMatching(/^warn .*\{"database":"fsync is off"\}$/),
  ]);
  expect(queue.asked()).toBe(1);
});

it('gives up asking when the process closes', async () => {
  const closing = new AbortController();
  const away = engine(AWAY);
  const told = logged({ database: away }, closing.signal);
  await expect.poll(away.asked).toBeGreaterThan(2);
  closing.abort();
  expect(await told).toHaveLength(1);
});
