import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { Watermarks } from '../../../src/core/watermarks.ts';
import type { Consumer } from '../../../src/queue/queue.ts';
import { Intake } from '../../../src/worker/intake/intake.ts';

test('an intake that can not open every address leaves none open, however late its queue answers', async () => {
  let open = 0;
  const intake = new Intake({
    queues: () => ['default'],
    prefetch: 1,
    watermarks: new Watermarks(),
    onDelivery: () => undefined,
    onUnreadable: () => undefined,
    queue: {
      consume: async ({ priority }): Promise<Consumer> => {
        if (priority === 'high') throw new SluiceError('SLUICE_QUEUE_UNAVAILABLE');
        await turn();
        open += 1;
        const close = async (): Promise<void> => void (open -= 1);
        return { open: true, ack: async () => undefined, giveBack: () => undefined, close };
      },
    },
  });
  await expect(intake.open()).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
  await turn();
  expect(open).toBe(0);
});
