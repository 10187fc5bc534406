import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import type { TaskResource } from '../../src/gateway/read/task-resource.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import type { Mode } from './fakes.ts';
import { INPUT, startGateway } from './start-gateway.ts';

describe('POST /v1/tasks/<name>', () => {
  it('answers 202 with the task, its path and when to ask again', async () => {
    const { post, queue, ids } = await startGateway();
    const response = await post('resize', INPUT);
    const body = (await response.json()) as TaskResource;
    expect(response.status).toBe(202);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('location')).toBe(`/v1/tasks/${body.id}`);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(body).toEqual({
      id: expect.stringMatching(/^tsk_[\w-]{36}$/),
      task: 'resize',
      status: 'queued',
      version: 1,
      attempts: 0,
      run: 0,
      crashes: 0,
      createdAt: new Date(ids.verify(body.id, 'default')?.time ?? 0).toISOString(),
      links: {
        self: `/v1/tasks/${body.id}`,
        result: `/v1/tasks/${body.id}/result`,
        cancel: `/v1/tasks/${body.id}/cancel`,
      },
    });
    expect(queue.messages.map(({ id }) => id)).toEqual([body.id]);
  });

  it('queues the input exactly as it came', async () => {
    const { post, queue } = await startGateway();
    const text =
      '{ "url":"https://example.com/\\u00e9", "deep": [12345678901234567890, 1.50, {"a":1,"a":2}] }\n';
    expect((await post('resize', text)).status).toBe(202);
    expect(queue.messages[0]?.input).toBe(text);
  });

  it('does not answer before the queue has confirmed', async () => {
    const { post, queue } = await startGateway();
    const release = queue.hold();
    let answered = false;
    const response = post('resize', INPUT).then((result) => {
      answered = true;
      return result;
    });
    // A second request on the way in and out shows that the first had the time to be answered.
    expect((await post('resize', 'no JSON')).status).toBe(400);
    expect(answered).toBe(false);
    release();
    expect((await response).status).toBe(202);
  });

  for (const mode of ['rejects', 'hangs'] satisfies Mode[]) {
    it(`accepts while database and cache are away: ${mode}`, async () => {
      const { post, cache, database } = await startGateway();
      cache.mode = mode;
      database.mode = mode;
      expect((await post('resize', INPUT)).status).toBe(202);
      expect((await post('resize', INPUT, { 'idempotency-key': 'a' })).status).toBe(202);
      expect(database.gets).toEqual([]);
    });
  }

  it('gives the message the options of the definition and of the request', async () => {
    const { post, queue, ids } = await startGateway();
    const query = 'delay=5m&deadline=1h&priority=low&key=customer-7&tag=red&tag=blue&tag=red';
    const body = (await (await post(`ledger?${query}`, { amount: 1 })).json()) as TaskResource;
    const time = ids.verify(body.id, 'default')?.time ?? 0;
    expect(queue.messages).toEqual([
      {
        v: 1,
        id: body.id,
        run: 1,
        tenant: 'default',
        task: 'ledger',
        queue: 'money',
        priority: 'low',
        lane: 0,
        publishedAt: time,
        dueAt: time + 300_000,
        deadlineAt: time + 3_600_000,
        concurrencyKey: 'default/ledger/customer-7',
        concurrencyLimit: 2,
        tags: ['red', 'blue'],
        input: '{"amount":1}',
      },
    ]);
    expect(body).toMatchObject({
      status: 'queued',
      dueAt: new Date(time + 300_000).toISOString(),
      deadlineAt: new Date(time + 3_600_000).toISOString(),
      tags: ['red', 'blue'],
    });
  });

  it('keeps tasks of one key in order where the definition has no limit', async () => {
    const { post, queue } = await startGateway();
    await post('resize?key=a', INPUT);
    await post('resize', INPUT);
    expect(queue.messages.map((message) => [message.concurrencyKey, message.concurrencyLimit])).toEqual([
      ['default/resize/a', 1],
      [undefined, undefined],
    ]);
  });

  it('takes a time for the start and for the deadline', async () => {
    const { post, queue } = await startGateway();
    await post('resize?runAt=2100-01-01T00:00:00%2B01:00&deadline=2100-01-01T00:00:00Z', INPUT);
    await post('resize?runAt=2001-01-01T00:00:00Z', INPUT);
    const [later, past] = queue.messages;
    expect(later).toMatchObject({ dueAt: Date.UTC(2099, 11, 31, 23), deadlineAt: Date.UTC(2100, 0, 1) });
    // A time that has passed means now.
    expect(past?.dueAt).toBeUndefined();
  });

  it.each([
    ['SLUICE_QUEUE_UNAVAILABLE', 503],
    ['SLUICE_QUEUE_FULL', 503],
    ['SLUICE_MESSAGE_TOO_LARGE', 413],
  ] as const)('passes on that the queue refuses: %s', async (code, status) => {
    const { post, queue } = await startGateway();
    queue.refusal = new SluiceError(code, { bytes: 2, limit: 1 });
    const response = await post('resize', INPUT);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(response.headers.has('retry-after')).toBe(status === 503);
  });

  it('calls a queue that breaks its contract unavailable', async () => {
    const { post, queue } = await startGateway();
    queue.mode = 'rejects';
    const response = await post('resize', INPUT);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
  });

  it('refuses at once what is more than may be in flight', async () => {
    const { post, queue } = await startGateway({ limits: { maxAcceptsInFlight: 1 } });
    const release = queue.hold();
    const first = post('resize', INPUT);
    await expect
      .poll(async () => (await post('resize', INPUT)).json())
      .toMatchObject({ code: 'SLUICE_GATEWAY_SATURATED', status: 503 });
    const refused = await post('resize', INPUT);
    expect(refused.headers.get('retry-after')).toBe('1');
    release();
    expect((await first).status).toBe(202);
    await expect.poll(async () => (await post('resize', INPUT)).status).toBe(202);
  });

  it('stops accepting below the hard limit of the queue, and asks for its depth now and then only', async () => {
    const clock = fakeClock();
    const { post, queue } = await startGateway({ clock });
    queue.fullness = 0.96;
    // The first of an idle gateway is taken on trust while the depth is asked for.
    await post('resize', INPUT);
    const refused = await post('resize', INPUT);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await refused.json()).toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
    for (let posts = 0; posts < 10; posts++) await post('resize', INPUT);
    expect(queue.depthsAsked).toBe(1);
    queue.fullness = 0.5;
    clock.advance(1000);
    await post('resize', INPUT);
    expect((await post('resize', INPUT)).status).toBe(202);
  });

  it('counts what it accepts and refuses, but no name that a caller made up', async () => {
    const { post, metrics } = await startGateway();
    await post('resize', INPUT);
    await post('resize', {});
    await post('made-up', {});
    await post('made-up-too', {}, { prefer: 'wait=soon' });
    const text = await metrics.text();
    expect(text).toContain('sluice_accepted_total{task="resize"} 1');
    expect(text).toContain('sluice_rejected_total{task="resize",code="SLUICE_INPUT_INVALID"} 1');
    expect(text).toContain('sluice_rejected_total{task="unknown",code="SLUICE_TASK_UNKNOWN"} 1');
    expect(text).not.toContain('made-up');
  });
});
