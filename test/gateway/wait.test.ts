import { describe, expect, it } from 'vitest';
import { encodeTaskSignal } from '../../src/core/topics.ts';
import type { TaskId } from '../../src/core/task-id.ts';
import type { TaskResource } from '../../src/gateway/read/task-resource.ts';
import { recordOf } from './fakes.ts';
import { expectProblem } from './problem.ts';
import { INPUT, startGateway, type TestGateway } from './start-gateway.ts';

/** Lets the task end as a worker would. */
function finish({ database, signals }: TestGateway, id: TaskId): void {
  database.put(id, {
    record: recordOf(id, { state: 'succeeded', version: 3, finishedAt: Date.now() }),
    result: '7',
  });
  signals.publish(`task:${id.text}`, encodeTaskSignal({ state: 'succeeded', version: 3 }));
}

function waiting({ signals }: TestGateway, count = 1): Promise<void> {
  return expect.poll(() => signals.subscriptions).toBe(count);
}

describe('Prefer: wait', () => {
  it('holds the status until the task has ended', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    const response = sluice.get(`/v1/tasks/${id.text}`, { prefer: 'wait=30' });
    await waiting(sluice);
    sluice.database.put(id, { record: recordOf(id) });
    sluice.signals.publish(`task:${id.text}`, encodeTaskSignal({ state: 'running', version: 2 }));
    finish(sluice, id);
    const { status, headers } = await response;
    expect([status, headers.get('preference-applied')]).toEqual([200, 'wait=30']);
    expect(await (await response).json()).toMatchObject({ status: 'succeeded', result: 7 });
    await waiting(sluice, 0);
  });

  it('holds the status until it is another version than the one known', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    const response = sluice.get(`/v1/tasks/${id.text}`, { prefer: 'wait=30', 'if-none-match': '"1"' });
    await waiting(sluice);
    sluice.database.put(id, { record: recordOf(id) });
    sluice.signals.publish(`task:${id.text}`, encodeTaskSignal({ state: 'running', version: 2 }));
    expect(await (await response).json()).toMatchObject({ status: 'running', version: 2 });
  });

  it('finds the change by itself when the signal is lost', async () => {
    const sluice = await startGateway();
    sluice.signals.deaf = true;
    const id = sluice.mint();
    const response = sluice.get(`/v1/tasks/${id.text}/result`, { prefer: 'wait=30' });
    await waiting(sluice);
    finish(sluice, id);
    expect(await (await response).text()).toBe('7');
  });

  it('ends after the time with what there is', async () => {
    const { get, mint } = await startGateway();
    const id = mint();
    const plain = await get(`/v1/tasks/${id.text}`, { prefer: 'wait=1' });
    expect(await plain.json()).toMatchObject({ status: 'queued' });
    const conditional = await get(`/v1/tasks/${id.text}`, { prefer: 'wait=1', 'if-none-match': '"1"' });
    expect(conditional.status).toBe(304);
    expect(conditional.headers.get('retry-after')).toBe('1');
  });

  it('is cut to the longest wait there is', async () => {
    const { get, mint } = await startGateway({ limits: { maxWaitMs: 1000 } });
    const response = await get(`/v1/tasks/${mint().text}`, {
      prefer: 'foo=bar; a="b,c", WAIT="9999", wait=0',
    });
    expect(response.headers.get('preference-applied')).toBe('wait=1');
  });

  it('does not hold more requests than allowed', async () => {
    const sluice = await startGateway({ limits: { maxWaits: 1 } });
    const id = sluice.mint();
    const held = sluice.get(`/v1/tasks/${id.text}`, { prefer: 'wait=30' });
    await waiting(sluice);
    const other = await sluice.get(`/v1/tasks/${sluice.mint().text}`, { prefer: 'wait=30' });
    expect(await other.json()).toMatchObject({ status: 'queued' });
    finish(sluice, id);
    expect((await held).status).toBe(200);
  });

  it('is over when the client is gone, and the task goes on', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    const abort = new AbortController();
    const response = fetch(`${sluice.url}/v1/tasks/${id.text}`, {
      headers: { prefer: 'wait=60' },
      signal: abort.signal,
    });
    await waiting(sluice);
    abort.abort();
    await expect(response).rejects.toThrow('aborted');
    await waiting(sluice, 0);
    expect(sluice.signals.published).toEqual([]);
  });

  it('makes the accept wait for the end', async () => {
    const sluice = await startGateway();
    const response = sluice.post('resize', INPUT, { prefer: 'wait=30' });
    await waiting(sluice);
    const [message] = sluice.queue.messages;
    const id = message && sluice.ids.verify(message.id, 'default');
    if (!id) throw new Error('nothing was queued');
    finish(sluice, id);
    const { status, headers } = await response;
    expect([status, headers.get('preference-applied'), headers.get('etag')]).toEqual([200, 'wait=30', '"3"']);
    expect(headers.get('location')).toBe(`/v1/tasks/${id.text}`);
    expect(await (await response).json()).toMatchObject({ id: id.text, status: 'succeeded', result: 7 });
  });

  it.each([
    ['wait=1', 'wait=1'],
    ['wait=0', 'wait=0'],
    ['respond-async', 'respond-async'],
    ['respond-async, wait=1', 'respond-async, wait=1'],
    ['handling=lenient', null],
  ])('makes the accept answer 202 when it has not ended: %s', async (prefer, applied) => {
    const { post, database } = await startGateway();
    database.mode = 'rejects';
    const response = await post('resize', INPUT, { prefer });
    expect([response.status, response.headers.get('preference-applied')]).toEqual([202, applied]);
    expect(((await response.json()) as TaskResource).status).toBe('queued');
  });

  it('tells at the end when another request has won the key', async () => {
    const { post, database, mint } = await startGateway();
    const winner = mint('key-1', ['something else']);
    database.put(winner, { record: recordOf(winner) });
    const response = await post('resize', INPUT, { prefer: 'wait=30', 'idempotency-key': 'key-1' });
    expect(await expectProblem(response, 'SLUICE_IDEMPOTENCY_KEY_REUSED')).toMatchObject({
      taskId: winner.text,
    });
  });
});
