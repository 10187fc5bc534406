import { describe, expect, it } from 'vitest';
import { Admission } from '../../src/gateway/accept/admission.ts';
import { HealthCheck } from '../../src/gateway/http/info/health.ts';
import { FinishedTasks } from '../../src/gateway/read/finished-tasks.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { FakeCache, FakeDatabase, FakeQueue, recordOf } from './fakes.ts';
import { startGateway } from './start-gateway.ts';

const HOUR = 3_600_000;

describe('a clock that is set back by an hour', () => {
  it('does not keep an accept from asking how full the queue is', async () => {
    const clock = fakeClock();
    const queue = new FakeQueue();
    queue.fullness = 1;
    const admission = new Admission(queue, clock, 100);
    const admitted = (): boolean => {
      try {
        admission.enter();
        return true;
      } catch {
        return false;
      }
    };
    admitted();
    await expect.poll(admitted).toBe(false);
    queue.fullness = 0;
    clock.jump(-HOUR);
    clock.advance(500);
    admitted();
    await expect.poll(admitted).toBe(true);
    expect(queue.depthsAsked).toBe(2);
  });

  it('does not keep an old report of health', async () => {
    const clock = fakeClock();
    const database = new FakeDatabase();
    const check = new HealthCheck({ queue: new FakeQueue(), database, cache: new FakeCache() }, clock);
    expect(await check.report()).toMatchObject({ database: { ok: true } });
    database.mode = 'rejects';
    clock.jump(-HOUR);
    clock.advance(1000);
    expect(await check.report()).toMatchObject({ database: { ok: false } });
  });

  it('does not keep a finished task beyond its minute', async () => {
    const clock = fakeClock();
    const { mint } = await startGateway();
    const id = mint();
    const finished = new FinishedTasks(clock);
    finished.set(id.text, 'default', { view: { record: recordOf(id, { state: 'succeeded' }) }, body: '{}' });
    clock.jump(-HOUR);
    clock.advance(59_999);
    expect(finished.get(id.text, 'default')).toBeDefined();
    clock.advance(1);
    expect(finished.get(id.text, 'default')).toBeUndefined();
  });
});
