import { describe, expect, it } from 'vitest';
import type { TaskResource } from '../../src/gateway/read/task-resource.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { recordOf, type Mode } from './fakes.ts';
import { expectProblem } from './problem.ts';
import { INPUT, startGateway } from './start-gateway.ts';

const KEY = { 'idempotency-key': 'order-7' };
const OTHER = { url: 'https://example.com/b.png' };

const bodyOf = async (response: Response): Promise<TaskResource> => (await response.json()) as TaskResource;

describe('Idempotency-Key', () => {
  it('gives a repeated request the same answer', async () => {
    const { post, queue } = await startGateway();
    const query = 'resize?delay=1h&deadline=2h&tag=a';
    const first = await post(query, INPUT, KEY);
    const again = await post(query, INPUT, KEY);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(first.headers.has('idempotency-replayed')).toBe(false);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await again.json()).toEqual(await first.json());
    expect(queue.messages).toHaveLength(1);
    expect(queue.messages[0]?.idempotencyKey).toBe('order-7');
  });

  it('gives a repeated request the same answer when its deadline has passed meanwhile', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 1));
    const { post, queue, cache } = await startGateway({ clock });
    const query = 'resize?runAt=2026-01-01T00:30:00Z&deadline=2026-01-01T01:00:00Z';
    const first = await post(query, INPUT, KEY);
    clock.advance(2 * 3_600_000);
    const again = await post(query, INPUT, KEY);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(await again.json()).toEqual(await first.json());
    await expectProblem(await post(query, OTHER, KEY), 'SLUICE_IDEMPOTENCY_KEY_REUSED');
    cache.entries.clear();
    await expectProblem(await post(query, INPUT, KEY), 'SLUICE_DEADLINE_INVALID');
    expect(queue.messages).toHaveLength(1);
  });

  it('lets a request whose deadline has just passed share the accept that is under way', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 1));
    const { post, queue, cache } = await startGateway({ clock });
    const release = queue.hold();
    const query = 'resize?deadline=2026-01-01T01:00:00Z';
    const first = post(query, INPUT, KEY);
    await expect.poll(() => cache.gets).toBe(1);
    clock.advance(2 * 3_600_000);
    const again = post(query, INPUT, KEY);
    await expect.poll(() => cache.gets).toBe(2);
    release();
    expect([(await first).status, (await again).status]).toEqual([202, 202]);
    expect(queue.messages).toHaveLength(1);
  });

  it('is the same key quoted and bare', async () => {
    const { post } = await startGateway();
    const bare = await bodyOf(await post('resize', INPUT, { 'idempotency-key': 'a\\b"c'.replace('"', '') }));
    const quoted = await bodyOf(await post('resize', INPUT, { 'idempotency-key': '"a\\\\bc"' }));
    expect(quoted.id).toBe(bare.id);
  });

  it.each([
    ['input', 'resize', OTHER],
    ['options', 'resize?priority=low', INPUT],
  ])('refuses another %s under it, naming the task it made', async (_what, path, input) => {
    const { post, queue } = await startGateway();
    const { id } = await bodyOf(await post('resize', INPUT, KEY));
    const problem = await expectProblem(await post(path, input, KEY), 'SLUICE_IDEMPOTENCY_KEY_REUSED');
    expect(problem).toMatchObject({ taskId: id });
    expect(queue.messages).toHaveLength(1);
  });

  it('is one per task', async () => {
    const { post, queue } = await startGateway();
    await post('resize', INPUT, KEY);
    expect((await post('ledger', { amount: 1 }, KEY)).status).toBe(202);
    expect(queue.messages).toHaveLength(2);
  });

  it('lets requests in flight share one accept, and refuses another input among them', async () => {
    const { post, queue, cache } = await startGateway();
    const release = queue.hold();
    const requests = Array.from({ length: 5 }, () => post('resize', INPUT, KEY));
    await expect.poll(() => cache.gets).toBe(5);
    await expectProblem(await post('resize', OTHER, KEY), 'SLUICE_IDEMPOTENCY_KEY_REUSED');
    release();
    const responses = await Promise.all(requests);
    const ids = await Promise.all(responses.map(async (response) => (await bodyOf(response)).id));
    expect(new Set(ids).size).toBe(1);
    expect(queue.messages).toHaveLength(1);
    expect(responses.filter(({ headers }) => headers.has('idempotency-replayed'))).toHaveLength(4);
  });

  it('is free again when the accept failed', async () => {
    const { post, queue } = await startGateway();
    queue.mode = 'rejects';
    expect((await post('resize', INPUT, KEY)).status).toBe(503);
    queue.mode = 'works';
    const response = await post('resize', OTHER, KEY);
    expect([response.status, response.headers.get('idempotency-replayed')]).toEqual([202, null]);
  });

  it.each<Mode>(['rejects', 'hangs'])(
    'makes a second id of the same identity when the cache is away: %s',
    async (mode) => {
      const { post, ids, cache } = await startGateway();
      cache.mode = mode;
      const responses = [await post('resize', INPUT, KEY), await post('resize', INPUT, KEY)];
      const identities = await Promise.all(
        responses.map(async (response) => ids.verify((await bodyOf(response)).id, 'default')?.identity),
      );
      expect(identities[0]).toBe(identities[1]);
    },
  );

  it('leaves a cache alone that does not answer', async () => {
    const { post, cache } = await startGateway({ clock: fakeClock() });
    cache.mode = 'rejects';
    for (let posts = 0; posts < 10; posts++) await post('resize', INPUT, KEY);
    // Between the two, a hint could not be written.
    expect(cache.gets).toBe(2);
  });

  it('does not believe a hint about something else', async () => {
    const { post, cache, mint } = await startGateway();
    const { identity } = mint('order-7');
    cache.entries.set(`idempotency:${identity}`, { version: 1, value: mint('other').text, ttlMs: 1000 });
    const response = await post('resize', INPUT, KEY);
    expect([response.status, response.headers.get('idempotency-replayed')]).toEqual([202, null]);
  });

  it('tells an invalid input from a reused key', async () => {
    const { post } = await startGateway();
    await post('resize', INPUT, KEY);
    const response = await post('resize', {}, KEY);
    expect(response.status).toBe(422);
    await expectProblem(response, 'SLUICE_INPUT_INVALID');
  });
});

describe('an id whose key another request won', () => {
  it('shows the winner when the requests were the same', async () => {
    const { get, mint, database } = await startGateway();
    const [winner, copy] = [mint('k', ['same']), mint('k', ['same'])];
    database.put(winner, { record: recordOf(winner) });
    expect(await (await get(`/v1/tasks/${copy.text}`)).json()).toMatchObject({ id: winner.text });
  });

  it('says 422, naming the winner, when they were not', async () => {
    const { get, mint, database } = await startGateway();
    const [winner, loser] = [mint('k', ['one']), mint('k', ['two'])];
    database.put(winner, { record: recordOf(winner, { state: 'running' }) });
    for (const path of ['', '/result']) {
      const problem = await expectProblem(
        await get(`/v1/tasks/${loser.text}${path}`),
        'SLUICE_IDEMPOTENCY_KEY_REUSED',
      );
      expect(problem).toMatchObject({ taskId: winner.text });
    }
  });

  it('can not be used to cancel the winner, whatever was known of it before', async () => {
    const { get, mint, database, url } = await startGateway();
    const [winner, loser] = [mint('k', ['one']), mint('k', ['two'])];
    // What is kept of this answer says that the loser waits.
    expect(await (await get(`/v1/tasks/${loser.text}`)).json()).toMatchObject({ status: 'queued' });
    database.put(winner, { record: recordOf(winner, { state: 'running' }) });
    const cancel = await fetch(`${url}/v1/tasks/${loser.text}/cancel`, { method: 'POST' });
    const problem = await expectProblem(cancel, 'SLUICE_IDEMPOTENCY_KEY_REUSED');
    expect(problem).toMatchObject({ taskId: winner.text });
    expect(await (await get(`/v1/tasks/${winner.text}`)).json()).not.toHaveProperty('cancelRequested');
  });
});
