import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BATCH_BYTES } from '../../../src/core/batch-size.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { encodeMessage, FIRST_LANE } from '../../../src/core/message.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { TaskIds } from '../../../src/core/task-id.ts';
import { Watermarks } from '../../../src/core/watermarks.ts';
import type { Consumer, Delivery } from '../../../src/queue/queue.ts';
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

test('an intake gives no more at a time than fits into a claim, and one message whatever its size', async () => {
  const at = { queue: 'default', priority: 'normal', lane: FIRST_LANE } as const;
  const ids = new TaskIds(['s'.repeat(32)], systemClock, systemRandom);
  const delivery = (bytes: number): Delivery => {
    const { text: id } = ids.mint({ tenant: 'default', task: 'resize', content: [] });
    const rest = { run: 1, tenant: 'default', task: 'resize', publishedAt: 1, input: 'x'.repeat(bytes) };
    return { body: encodeMessage({ id, ...at, ...rest }) } as Delivery;
  };
  const sizes = [BATCH_BYTES / 4, BATCH_BYTES / 4, BATCH_BYTES / 2, BATCH_BYTES + 1, 1, 1];
  const intake = new Intake({
    queues: () => ['default'],
    prefetch: 1,
    watermarks: new Watermarks(),
    onDelivery: () => undefined,
    onUnreadable: () => undefined,
    queue: {
      consume: async ({ priority }, _options, onBatch): Promise<Consumer> => {
        if (priority === 'normal') onBatch(sizes.map(delivery));
        return {
          open: true,
          ack: async () => undefined,
          giveBack: () => undefined,
          close: async () => undefined,
        };
      },
    },
  });
  await intake.open();
  expect([1, 2, 3, 4, 5].map(() => intake.take(100).length)).toEqual([2, 1, 1, 2, 0]);
});

test('an intake gives back what has waited for too long, and keeps what came later', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const at = { queue: 'default', priority: 'normal', lane: FIRST_LANE } as const;
  const ids = new TaskIds(['s'.repeat(32)], systemClock, systemRandom);
  const delivery = (): Delivery => {
    const { text: id } = ids.mint({ tenant: 'default', task: 'resize', content: [] });
    const rest = { run: 1, tenant: 'default', task: 'resize', publishedAt: 1, input: '1' };
    return { address: at, body: encodeMessage({ id, ...at, ...rest }) };
  };
  const back: Delivery[] = [];
  let deliver: (deliveries: Delivery[]) => void = () => undefined;
  const intake = new Intake({
    queues: () => ['default'],
    prefetch: 1,
    watermarks: new Watermarks(),
    onDelivery: () => undefined,
    onUnreadable: () => undefined,
    queue: {
      consume: async ({ priority }, _options, onBatch): Promise<Consumer> => {
        if (priority === 'normal') deliver = onBatch;
        const giveBack = (deliveries: readonly Delivery[]): void => void back.push(...deliveries);
        return { open: true, ack: async () => undefined, giveBack, close: async () => undefined };
      },
    },
  });
  await intake.open();
  const [old, late] = [delivery(), delivery()];
  deliver([old]);
  vi.advanceTimersByTime(1000);
  deliver([late]);
  intake.giveBackAfter(1001);
  expect(back).toEqual([]);
  intake.giveBackAfter(1000);
  expect(back).toEqual([old]);
  expect(intake.take(10).map((taken) => taken.delivery)).toEqual([late]);
});
