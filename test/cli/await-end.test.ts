import { expect, onTestFinished, test } from 'vitest';
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
