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
    }));
    await metrics.text();
    const text = await metrics.text();
    expect(text).toContain('sluice_queue_messages{queue="default",priority="normal"} 5');
    expect(text).toContain('sluice_queue_fullness 0.25');
  });

  it('leaves the depth out while the queue does not answer, and keeps the rest', async () => {
    const metrics = new Metrics();
    metrics.settled('report', 'succeeded');
    metrics.depthFrom(() => Promise.reject(new Error('away')));
    const text = await metrics.text();
    expect(text).toContain('sluice_settled_total{task="report",outcome="succeeded"} 1');
    expect(text).not.toMatch(/^sluice_queue_(messages|fullness)[ {]/m);
  });

  it('keeps the figures of two processes in one test apart', async () => {
    const [one, two] = [new Metrics(), new Metrics()];
    one.recovered(3);
    expect(await two.text()).toContain('sluice_recovered_total 0');
  });
});
