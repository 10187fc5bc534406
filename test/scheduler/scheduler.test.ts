import { describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { startScheduler } from '../../src/scheduler/scheduler.ts';
import { body, fakes, message, record } from './fakes.ts';

describe('the scheduler', () => {
  it('recovers what a dead process held before it resolves, when it works alone', async () => {
    const made = fakes();
    made.database.answer('recover', ({ all }: { all: boolean }) => (all ? [record()] : []));
    const scheduler = await startScheduler({ ...made.options, alone: true });
    expect(made.database.of('recover')[0]).toMatchObject([{ all: true }]);
    expect(made.signalled).toHaveLength(1);
    await scheduler.close();
  });

  it('takes nobody for dead at the start when others may be working', async () => {
    const made = fakes();
    const scheduler = await startScheduler(made.options);
    await vi.waitFor(() => expect(made.database.of('sweep').length).toBeGreaterThan(0));
    await scheduler.close();
    expect(made.database.of('recover')).toEqual([]);
  });

  it('does not start when what was running can not be recovered', async () => {
    const made = fakes();
    made.database.answer('recover', () => {
      throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE');
    });
    await expect(startScheduler({ ...made.options, alone: true })).rejects.toMatchObject({
      code: 'SLUICE_DATABASE_UNAVAILABLE',
    });
    expect(made.database.of('due')).toEqual([]);
  });

  it('publishes at once when it is woken', async () => {
    const made = fakes();
    const scheduler = await startScheduler(made.options);
    await vi.waitFor(() => expect(made.database.of('due')).toHaveLength(1));
    made.database.answer('due', () => {
      made.database.answer('due', () => ({ tasks: [], more: false, now: 0 }));
      return { tasks: [{ id: message().id, version: 3, run: 2, body: body() }], more: false, now: 0 };
    });
    scheduler.wake();
    await vi.waitFor(() => expect(made.published).toHaveLength(1));
    await scheduler.close();
  });

  it('goes on with everything else when one of its services can do nothing', async () => {
    const made = fakes();
    for (const method of ['followUps', 'sweep', 'reconcile'] as const) {
      made.database.answer(method, () => {
        throw new TypeError('a fault');
      });
    }
    const scheduler = await startScheduler(made.options);
    await vi.waitFor(() => expect(made.database.of('due').length).toBeGreaterThan(1));
    await scheduler.close();
  });
});
