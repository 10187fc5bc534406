import { expect, onTestFinished, test } from 'vitest';
import type { TaskResource } from '../../src/cli/client/task-resource.ts';
import { awaitEnd } from '../../src/cli/client/await-end.ts';
import type { Reply } from '../../src/cli/client/http-client.ts';

test('loses patience in time although the clock of the machine is set back', async () => {
  const realNow = Date.now;
  onTestFinished(() => {
    Date.now = realNow;
  });
  const running: Reply = {
    status: 200,
    headers: new Headers({ etag: '"2"' }),
    body: { id: 'tsk_1', status: 'running' },
  };
  const client = {
    call: (): Promise<Reply> => {
      Date.now = () => realNow() - 3_600_000;
      // A turn of the loop, as a request takes.
      return new Promise((resolve) => setImmediate(resolve, running));
    },
  };
  const followed = awaitEnd(client, 'tsk_1', { patience: { ms: 50, waited: '50ms' } });
  await expect(followed).rejects.toMatchObject({ code: 'SLUICE_WAIT_TIMEOUT' });
});

test('tells of progress, which makes no version, once', async () => {
  const task = (version: number, status: string, fraction?: number): Reply => ({
    status: 200,
    headers: new Headers({ etag: `"${version}"` }),
    body: { id: 'tsk_1', status, version, ...(fraction === undefined ? {} : { progress: { fraction } }) },
  });
  const unchanged: Reply = { status: 304, headers: new Headers(), body: undefined };
  const replies = [
    task(2, 'running'),
    unchanged,
    task(2, 'running', 0.5),
    unchanged,
    task(2, 'running', 0.5),
    unchanged,
    task(3, 'succeeded', 1),
    task(3, 'succeeded', 1),
  ];
  const client = { call: async (): Promise<Reply> => replies.shift() ?? unchanged };
  const told: TaskResource[] = [];
  await awaitEnd(client, 'tsk_1', { onChange: (seen) => told.push(seen) });
  expect(told.map(({ version, progress }) => [version, progress?.fraction])).toEqual([
    [2, undefined],
    [2, 0.5],
    [3, 1],
  ]);
});
