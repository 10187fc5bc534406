import { describe, expect, it } from 'vitest';
import { encodeTaskView } from '../../src/core/task-view.ts';
import type { TaskResource } from '../../src/gateway/read/task-resource.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { recordOf, type Mode } from './fakes.ts';
import { expectProblem } from './problem.ts';
import { INPUT, startGateway } from './start-gateway.ts';

const DAY = 86_400_000;

describe('GET /v1/tasks/{id}', () => {
  it('knows a task from the moment it was accepted', async () => {
    const { post, get } = await startGateway();
    const { id } = (await (await post('resize', INPUT)).json()) as TaskResource;
    const response = await get(`/v1/tasks/${id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('etag')).toBe('"1"');
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('vary')).toBe('Prefer');
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    expect(await response.json()).toMatchObject({ id, status: 'queued', version: 1 });
  });

  it('shows what the database has', async () => {
    const { get, mint, database } = await startGateway();
    const id = mint();
    const times = { startedAt: 1000, dueAt: 2000, deadlineAt: 3000 };
    const error = { code: 'Error', message: 'boom', stack: 'at secret.ts:1:1' };
    const progress = { fraction: 0.5, detail: { page: 2 } };
    database.put(id, {
      record: recordOf(id, {
        ...times,
        error,
        progress,
        attempts: 1,
        tags: ['a'],
        parentId: 'p',
        cancelRequested: true,
      }),
    });
    const response = await get(`/v1/tasks/${id.text}`);
    expect(response.headers.get('etag')).toBe('"2"');
    expect(await response.json()).toEqual({
      id: id.text,
      task: 'resize',
      status: 'running',
      version: 2,
      attempts: 1,
      run: 1,
      crashes: 0,
      createdAt: new Date(id.time).toISOString(),
      startedAt: '1970-01-01T00:00:01.000Z',
      dueAt: '1970-01-01T00:00:02.000Z',
      deadlineAt: '1970-01-01T00:00:03.000Z',
      progress,
      cancelRequested: true,
      error: { code: 'Error', message: 'boom' },
      tags: ['a'],
      parentId: 'p',
      links: {
        self: `/v1/tasks/${id.text}`,
        result: `/v1/tasks/${id.text}/result`,
        cancel: `/v1/tasks/${id.text}/cancel`,
      },
    });
  });

  it('shows a finished task with its result as it was given, and then from memory', async () => {
    const { get, mint, database, cache } = await startGateway();
    const id = mint();
    const record = recordOf(id, { state: 'succeeded', version: 3, finishedAt: Date.now() });
    database.put(id, { record, result: '{"n":12345678901234567890}' });
    const first = await get(`/v1/tasks/${id.text}`);
    const text = await first.text();
    expect(text).toContain('"result":{"n":12345678901234567890}');
    expect(first.headers.get('cache-control')).toBe('private, max-age=3600, immutable');
    expect(first.headers.has('retry-after')).toBe(false);
    const asked = [database.gets.length, cache.gets];
    database.mode = 'rejects';
    expect(await (await get(`/v1/tasks/${id.text}`)).text()).toBe(text);
    expect([database.gets.length, cache.gets]).toEqual(asked);
  });

  it('answers a failed task with 200', async () => {
    const { get, mint, database } = await startGateway();
    const id = mint();
    database.put(id, { record: recordOf(id, { state: 'failed', error: { code: 'X', message: 'no' } }) });
    const response = await get(`/v1/tasks/${id.text}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'failed', error: { code: 'X', message: 'no' } });
  });

  it('answers 304 to whoever has the version', async () => {
    const { get, mint, database } = await startGateway();
    const [live, done] = [mint(), mint()];
    database.put(live, { record: recordOf(live) });
    database.put(done, {
      record: recordOf(done, { state: 'succeeded', finishedAt: Date.now() }),
      result: '1',
    });
    for (const id of [live, done, done]) {
      for (const known of ['"2"', 'W/"2"', '"1", "2"', '*']) {
        const response = await get(`/v1/tasks/${id.text}`, { 'if-none-match': known });
        expect([response.status, await response.text()]).toEqual([304, '']);
        expect(response.headers.get('etag')).toBe('"2"');
      }
      expect((await get(`/v1/tasks/${id.text}`, { 'if-none-match': '"1"' })).status).toBe(200);
    }
  });

  it('asks the database once in two seconds about a task that only the queue has', async () => {
    const { get, mint, database, cache } = await startGateway();
    const { text } = mint();
    const answers = [await get(`/v1/tasks/${text}`), await get(`/v1/tasks/${text}`)];
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([
      expect.objectContaining({ status: 'queued', version: 1 }),
      expect.objectContaining({ status: 'queued', version: 1 }),
    ]);
    expect(database.gets.length).toBe(1);
    expect(cache.entries.get(`task:${text}`)).toMatchObject({ version: 1, ttlMs: 2000 });
  });

  it('takes the copy in the cache', async () => {
    const { get, mint, database, cache } = await startGateway();
    const id = mint();
    const view = { record: recordOf(id, { state: 'succeeded', version: 5 }), result: '[1]' };
    cache.entries.set(`task:${id.text}`, { version: 5, value: encodeTaskView(view), ttlMs: 1000 });
    const response = await get(`/v1/tasks/${id.text}`);
    expect(await response.json()).toMatchObject({ status: 'succeeded', version: 5, result: [1] });
    expect(database.gets).toEqual([]);
  });

  it('does not believe a cache that holds something else', async () => {
    const { get, mint, cache } = await startGateway();
    const id = mint();
    cache.entries.set(`task:${id.text}`, { version: 5, value: '{"record":1}', ttlMs: 1000 });
    expect(await (await get(`/v1/tasks/${id.text}`)).json()).toMatchObject({ status: 'queued' });
  });

  it('leaves a copy in the cache: a short while of a live task, as long as its bodies of an ended one', async () => {
    const { get, mint, database, cache } = await startGateway();
    const [live, done] = [mint(), mint()];
    database.put(live, { record: recordOf(live) });
    database.put(done, {
      record: recordOf(done, { state: 'succeeded', finishedAt: Date.now() - DAY }),
      result: '1',
    });
    await get(`/v1/tasks/${live.text}`);
    await get(`/v1/tasks/${done.text}`);
    expect(cache.entries.get(`task:${live.text}`)?.ttlMs).toBe(2000);
    const ttl = cache.entries.get(`task:${done.text}`)?.ttlMs ?? 0;
    expect(ttl).toBeLessThanOrEqual(6 * DAY);
    expect(ttl).toBeGreaterThan(5.9 * DAY);
  });

  it.each<Mode>(['rejects', 'hangs'])(
    'never answers 404 or 5xx for an accepted task while the database is away: %s',
    async (mode) => {
      const { post, get, database, cache } = await startGateway();
      database.mode = mode;
      cache.mode = mode;
      const { id } = (await (await post('resize', INPUT)).json()) as TaskResource;
      for (let reads = 0; reads < 5; reads++) {
        const response = await get(`/v1/tasks/${id}`);
        expect(response.status).toBe(200);
        expect(response.headers.has('etag')).toBe(false);
        expect(response.headers.get('cache-control')).toBe('no-store');
        expect(await response.json()).toMatchObject({ id, status: 'accepted', stale: true });
        expect((await get(`/v1/tasks/${id}/result`)).status).toBe(202);
      }
    },
  );

  it('leaves a database alone that does not answer, and comes back to it', async () => {
    const clock = fakeClock();
    const { get, mint, database } = await startGateway({ clock });
    database.mode = 'rejects';
    const id = mint();
    for (let reads = 0; reads < 10; reads++) await get(`/v1/tasks/${id.text}`);
    expect(database.gets).toHaveLength(2);
    database.mode = 'works';
    clock.advance(1000);
    expect(await (await get(`/v1/tasks/${id.text}`)).json()).toMatchObject({ status: 'queued' });
    expect(database.gets).toHaveLength(3);
  });

  it('answers 404 to forged and foreign ids without looking anything up', async () => {
    const { get, mint, ids, database, cache, url } = await startGateway();
    const genuine = mint().text;
    const foreign = ids.mint({ tenant: 'other', task: 'resize', content: [] }).text;
    const forged = Array.from({ length: 36 }, (_, at) => {
      const flipped = genuine.charAt(at + 4) === 'A' ? 'B' : 'A';
      return genuine.slice(0, at + 4) + flipped + genuine.slice(at + 5);
    });
    for (const id of [
      foreign,
      'tsk_',
      genuine.slice(0, -1),
      `${genuine}A`,
      genuine.toUpperCase(),
      ...forged,
    ]) {
      for (const path of ['', '/result']) {
        await expectProblem(await get(`/v1/tasks/${id}${path}`), 'SLUICE_TASK_NOT_FOUND');
      }
      const cancel = await fetch(`${url}/v1/tasks/${id}/cancel`, { method: 'POST' });
      await expectProblem(cancel, 'SLUICE_TASK_NOT_FOUND');
    }
    expect([database.gets, cache.gets]).toEqual([[], 0]);
  });

  it('answers 410 where a tombstone is all that is left, or the horizon has passed', async () => {
    const clock = fakeClock();
    const { get, mint, database, cache } = await startGateway({ clock });
    const [swept, old] = [mint(), mint()];
    database.gone.add(swept.identity);
    await expectProblem(await get(`/v1/tasks/${swept.text}`), 'SLUICE_TASK_GONE');
    await expectProblem(await get(`/v1/tasks/${swept.text}/result`), 'SLUICE_TASK_GONE');
    expect((await get(`/v1/tasks/${old.text}`)).status).toBe(200);
    clock.advance(91 * DAY);
    cache.entries.clear();
    await expectProblem(await get(`/v1/tasks/${old.text}`), 'SLUICE_TASK_GONE');
    database.mode = 'rejects';
    expect((await get(`/v1/tasks/${old.text}`)).status).toBe(200);
  });

  it('refuses parameters', async () => {
    const { get, mint } = await startGateway();
    const response = await get(`/v1/tasks/${mint().text}?wait=5`);
    expect(response.status).toBe(400);
    await expectProblem(response, 'SLUICE_PARAMETER_UNKNOWN');
  });
});

describe('GET /v1/tasks/{id}/result', () => {
  it('is the result itself', async () => {
    const { get, mint, database } = await startGateway();
    const id = mint();
    database.put(id, { record: recordOf(id, { state: 'succeeded' }), result: '[1.50]' });
    for (const _source of ['database', 'memory']) {
      const response = await get(`/v1/tasks/${id.text}/result`);
      expect([response.status, await response.text()]).toEqual([200, '[1.50]']);
      expect(response.headers.get('etag')).toBe('"2"');
    }
    expect((await get(`/v1/tasks/${id.text}/result`, { 'if-none-match': '"2"' })).status).toBe(304);
  });

  it('is not there yet: 202 with the task', async () => {
    const { get, mint, database } = await startGateway();
    const [queued, running] = [mint(), mint()];
    database.put(running, { record: recordOf(running) });
    for (const [id, status] of [
      [queued, 'queued'],
      [running, 'running'],
    ] as const) {
      const response = await get(`/v1/tasks/${id.text}/result`);
      expect(response.status).toBe(202);
      expect(response.headers.get('location')).toBe(`/v1/tasks/${id.text}`);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await response.json()).toMatchObject({ id: id.text, status });
    }
  });

  it.each([
    ['failed', 'SLUICE_TASK_FAILED'],
    ['cancelled', 'SLUICE_TASK_CANCELLED'],
    ['expired', 'SLUICE_TASK_EXPIRED'],
  ] as const)('will never be there when the task has %s', async (state, code) => {
    const { get, mint, database } = await startGateway();
    const id = mint();
    const error = { code: 'TypeError', message: 'boom', stack: 'secret' };
    database.put(id, { record: recordOf(id, { state, error }) });
    for (const _source of ['database', 'memory']) {
      const problem = await expectProblem(await get(`/v1/tasks/${id.text}/result`), code);
      expect(problem).toMatchObject({ taskId: id.text, error: { code: 'TypeError', message: 'boom' } });
      expect(JSON.stringify(problem)).not.toContain('secret');
    }
  });

  it('is over when only the row is left', async () => {
    const { get, mint, database } = await startGateway();
    const id = mint();
    database.put(id, { record: recordOf(id, { state: 'succeeded' }) });
    const response = await get(`/v1/tasks/${id.text}/result`);
    expect(response.status).toBe(410);
    await expectProblem(response, 'SLUICE_RESULT_GONE');
    expect((await get(`/v1/tasks/${id.text}`)).status).toBe(200);
  });
});
