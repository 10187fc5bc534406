import { describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { type Logger, silentLogger } from '../../src/core/logger.ts';
import { Loop } from '../../src/scheduler/loop.ts';

const NEVER_MS = 2 ** 30;

function counting(round: (count: number) => Promise<boolean>, everyMs = NEVER_MS) {
  const service = { name: 'the counting', everyMs, rounds: 0, atOnce: 0, most: 0 };
  const run = async (): Promise<boolean> => {
    service.rounds += 1;
    service.atOnce += 1;
    service.most = Math.max(service.most, service.atOnce);
    try {
      return await round(service.rounds);
    } finally {
      service.atOnce -= 1;
    }
  };
  return Object.assign(service, { run });
}

function remembering(): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return {
    lines,
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  };
}

describe('a loop', () => {
  it('goes on at once while there is more to do', async () => {
    const service = counting(async (count) => count < 5);
    const loop = new Loop(service, silentLogger);
    loop.wake();
    await vi.waitFor(() => expect(service.rounds).toBe(5));
    await loop.close();
  });

  it('runs one round at a time, and one more for all wakes that came meanwhile', async () => {
    let release = (): void => undefined;
    const service = counting(async (count) => {
      if (count === 1) await new Promise<void>((resolve) => (release = resolve));
      return false;
    });
    const loop = new Loop(service, silentLogger);
    for (let wakes = 0; wakes < 10; wakes += 1) loop.wake();
    release();
    await vi.waitFor(() => expect(service.rounds).toBe(2));
    await loop.close();
    expect([service.rounds, service.most]).toEqual([2, 1]);
  });

  it('survives every rejection and tells of it', async () => {
    const { lines, logger } = remembering();
    const service = counting(async (count) => {
      if (count <= 2) throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE');
      if (count === 3) throw new TypeError('a fault');
      return false;
    }, 1);
    const loop = new Loop(service, logger);
    loop.wake();
    await vi.waitFor(() => expect(lines).toContain('info the counting works again'));
    await loop.close();
    expect(lines.slice(0, 3)).toEqual([
      'warn the counting waits',
      'error the counting failed',
      'info the counting works again',
    ]);
  });

  it('waits for what is under way when it is closed, and begins nothing afterwards', async () => {
    let ended = false;
    let release = (): void => undefined;
    const service = counting(async () => {
      await new Promise<void>((resolve) => (release = resolve));
      ended = true;
      return true;
    });
    const loop = new Loop(service, silentLogger);
    loop.wake();
    const closed = loop.close();
    loop.wake();
    release();
    await closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect([ended, service.rounds]).toEqual([true, 1]);
  });
});
