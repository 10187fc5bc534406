import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/observe/metrics.ts';

describe('metrics', () => {
  it('counts by task, and by code for what was refused', async () => {
    const metrics = new Metrics();
    metrics.accepted('thumbnail', 4);
    metrics.accepted('thumbnail', 40);
    metrics.rejected('SLUICE_INPUT_INVALID', 'thumbnail');
    metrics.rejected('SLUICE_TASK_UNKNOWN');
    const text = await metrics.text();
    expect(text).toContain('sluice_accepted_total{task="thumbnail"} 2');
    expect(text).toContain('sluice_rejected_total{task="thumbnail",code="SLUICE_INPUT_INVALID"} 1');
    expect(text).toContain('sluice_rejected_total{task="unknown",code="SLUICE_TASK_UNKNOWN"} 1');
    expect(text).toContain('sluice_accept_duration_seconds_bucket{le="0.005"} 1');
  });

  it('asks for the depth at each scrape and adds the lanes up', async () => {
    const metrics = new Metrics();
    const at = (lane: number) => ({ queue: 'default', priority: 'normal', lane }) as const;
    metrics.depthFrom(async () => ({
      addresses: [
        { address: at(0), messages: 2 },
        { address: at(1), messages: 3 },
      ],
      fullness: 0.25,
      parked: 1,
    }));
    await metrics.text();
    const text = await metrics.text();
    expect(text).toContain('sluice_queue_messages{queue="default",priority="normal"} 5');
    expect(text).toContain('sluice_queue_fullness 0.25');
    expect(text).toContain('sluice_queue_parked 1');
  });

  it('leaves the depth out while the queue does not answer, and keeps the rest', async () => {
    const metrics = new Metrics();
    metrics.settled('report', 'succeeded');
    metrics.depthFrom(() => Promise.reject(new Error('away')));
    const text = await metrics.text();
    expect(text).toContain('sluice_settled_total{task="report",outcome="succeeded"} 1');
    expect(text).not.toMatch(/^sluice_queue_(messages|fullness|parked)[ {]/m);
  });

  it('tells how many tasks are in each state, and leaves out what it is not told any more', async () => {
    const metrics = new Metrics();
    const answers = [{ running: 3, blocked: 0 }, { running: 4 }];
    metrics.tasksFrom(async () => answers.shift() ?? Promise.reject(new Error('away')));
    const first = await metrics.text();
    expect(first).toContain('sluice_tasks{state="running"} 3');
    expect(first).toContain('sluice_tasks{state="blocked"} 0');
    const second = await metrics.text();
    expect(second).toContain('sluice_tasks{state="running"} 4');
    expect(second).not.toContain('blocked');
    expect(await metrics.text()).not.toMatch(/^sluice_tasks\{/m);
  });

  it('waits for no database that does not answer, and asks it once however often it is scraped', async () => {
    const metrics = new Metrics();
    let asked = 0;
    metrics.tasksFrom(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    metrics.recovered(1);
    for (let scrape = 0; scrape < 2; scrape += 1) {
      expect(await metrics.text()).toContain('sluice_recovered_total 1');
    }
    expect(asked).toBe(1);
  });

  it('keeps the figures of two processes in one test apart', async () => {
    const [one, two] = [new Metrics(), new Metrics()];
    one.recovered(3);
    expect(await two.text()).toContain('sluice_recovered_total 0');
  });
});
