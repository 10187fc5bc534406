import { describe, expect, it } from 'vitest';
import { STATES, isTerminal } from '../../src/core/state.ts';
import type { TaskResource } from '../../src/gateway/read/task-resource.ts';
import { recordOf } from './fakes.ts';
import { expectProblem } from './problem.ts';
import { INPUT, startGateway, type TestGateway } from './start-gateway.ts';

const cancel = ({ url }: TestGateway, id: string): Promise<Response> =>
  fetch(`${url}/v1/tasks/${id}/cancel`, { method: 'POST' });

describe('POST /v1/tasks/{id}/cancel', () => {
  it('cancels a task that the database has not heard of', async () => {
    let scheduled = 0;
    const sluice = await startGateway({ onScheduled: () => scheduled++ });
    const { id } = (await (await sluice.post('resize', INPUT)).json()) as TaskResource;
    const response = await cancel(sluice, id);
    const body = await response.json();
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"2"']);
    expect(body).toMatchObject({ id, status: 'cancelled' });
    expect(await (await sluice.get(`/v1/tasks/${id}`)).json()).toMatchObject({ status: 'cancelled' });
    await expectProblem(await sluice.get(`/v1/tasks/${id}/result`), 'SLUICE_TASK_CANCELLED');
    // Whoever watches the task hears of it, and what waited for it may go on.
    expect(sluice.signals.published).toEqual([
      { topic: `task:${id}`, payload: '{"state":"cancelled","version":2}' },
    ]);
    expect(scheduled).toBe(1);
  });

  it('shows no name for a task of which the database knows only that it was cancelled', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    sluice.database.put(id, { record: recordOf(id, { task: '', state: 'cancelled' }) });
    expect(await (await sluice.get(`/v1/tasks/${id.text}`)).json()).not.toHaveProperty('task');
  });

  it('asks a running task to end', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    sluice.database.put(id, { record: recordOf(id, { state: 'running' }) });
    const response = await cancel(sluice, id.text);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'running', cancelRequested: true });
    expect(sluice.signals.published).toEqual([{ topic: `cancel:${id.text}`, payload: '' }]);
  });

  it.each(STATES.filter(isTerminal))('can not change a task that has %s', async (state) => {
    const sluice = await startGateway();
    const id = sluice.mint();
    sluice.database.put(id, { record: recordOf(id, { state }) });
    expect(await expectProblem(await cancel(sluice, id.text), 'SLUICE_TASK_ENDED')).toMatchObject({ state });
  });

  it('says 410 for an id beyond the horizon of which nothing is left, as a read of it does', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    sluice.database.now = id.time + 90 * 86_400_000 + 1;
    const response = await cancel(sluice, id.text);
    expect(response.status).toBe(410);
    await expectProblem(response, 'SLUICE_TASK_GONE');
  });

  it('says 410 for what is over, and 503 while the database is away', async () => {
    const sluice = await startGateway();
    const id = sluice.mint();
    sluice.database.gone.add(id.identity);
    await expectProblem(await cancel(sluice, id.text), 'SLUICE_TASK_GONE');
    sluice.database.mode = 'rejects';
    const response = await cancel(sluice, id.text);
    expect(response.headers.get('retry-after')).toBe('1');
    await expectProblem(response, 'SLUICE_DATABASE_UNAVAILABLE');
  });
});

describe('GET /v1/tasks', () => {
  it('is a page of tasks and the way to the next', async () => {
    const { get, mint, database } = await startGateway();
    const [one, two] = [mint(), mint()];
    database.page = { tasks: [recordOf(one), recordOf(two, { state: 'failed' })], next: two.pk };
    const page = (await (await get('/v1/tasks')).json()) as { tasks: TaskResource[]; next?: string };
    expect(page.tasks.map(({ id, status }) => [id, status])).toEqual([
      [one.text, 'running'],
      [two.text, 'failed'],
    ]);
    expect(page.next).toBe(two.pk);
    database.page = { tasks: [] };
    expect(await (await get('/v1/tasks')).json()).toEqual({ tasks: [] });
  });

  it('hands the filter on, and the tenant with it', async () => {
    const { get, mint, database } = await startGateway();
    const cursor = mint().pk;
    await get('/v1/tasks');
    await get(`/v1/tasks?limit=200&state=failed&task=resize&tag=a&cursor=${cursor}`);
    expect(database.lists).toEqual([
      { tenant: 'default', limit: 50 },
      { tenant: 'default', limit: 200, state: 'failed', task: 'resize', tag: 'a', cursor },
    ]);
  });

  it.each([
    ['limit=0', 'SLUICE_OPTION_INVALID'],
    ['limit=201', 'SLUICE_OPTION_INVALID'],
    ['limit=1e2', 'SLUICE_OPTION_INVALID'],
    ['state=dead', 'SLUICE_OPTION_INVALID'],
    ['task=a&task=b', 'SLUICE_OPTION_INVALID'],
    ['cursor=', 'SLUICE_OPTION_INVALID'],
    ['cursor=x', 'SLUICE_OPTION_INVALID'],
    [`cursor=${'0'.repeat(31)}`, 'SLUICE_OPTION_INVALID'],
    [`cursor=${'0'.repeat(33)}`, 'SLUICE_OPTION_INVALID'],
    [`cursor=${'A'.repeat(32)}`, 'SLUICE_OPTION_INVALID'],
    [`cursor=${'0'.repeat(32)}%0A`, 'SLUICE_OPTION_INVALID'],
    ['offset=5', 'SLUICE_PARAMETER_UNKNOWN'],
  ] as const)('refuses %s', async (query, code) => {
    const { get, database } = await startGateway();
    await expectProblem(await get(`/v1/tasks?${query}`), code);
    expect(database.lists).toEqual([]);
  });

  it('says 503 while the database is away', async () => {
    const { get, database } = await startGateway();
    database.mode = 'rejects';
    const response = await get('/v1/tasks');
    expect(response.status).toBe(503);
    await expectProblem(response, 'SLUICE_DATABASE_UNAVAILABLE');
  });
});
