import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BATCH_BYTES } from '../../../src/core/batch-size.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { encodeMessage, FIRST_LANE, PRIORITIES } from '../../../src/core/message.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { TaskIds } from '../../../src/core/task-id.ts';
import { Watermarks } from '../../../src/core/watermarks.ts';
import type { Consumer, Delivery, Queue } from '../../../src/queue/queue.ts';
import { Intake } from '../../../src/worker/intake/intake.ts';

const ADDRESS = { queue: 'default', priority: 'normal', lane: FIRST_LANE } as const;
const IDS = new TaskIds(['s'.repeat(32)], systemClock, systemRandom);

function intakeOf(consume: Queue['consume']): Intake {
  return new Intake({
    queue: { consume },
    queues: () => [ADDRESS.queue],
    prefetch: 1,
    watermarks: new Watermarks(),
    onDelivery: () => undefined,
    onUnreadable: () => undefined,
  });
}

function consumer(own: Partial<Consumer> = {}): Consumer {
  const nothing = async (): Promise<void> => undefined;
  return { open: true, ack: nothing, giveBack: () => undefined, close: nothing, ...own };
}

function delivery(bytes = 1): Delivery {
  const { text: id } = IDS.mint({ tenant: 'default', task: 'resize', content: [] });
  const message = { id, ...ADDRESS, run: 1, tenant: 'default', task: 'resize', publishedAt: 1 };
  return { address: ADDRESS, body: encodeMessage({ ...message, input: 'x'.repeat(bytes) }) };
}

test('an intake that can not open every address leaves none open, however late its queue answers', async () => {
  let open = 0;
  const intake = intakeOf(async ({ priority }) => {
    if (priority === 'high') throw new SluiceError('SLUICE_QUEUE_UNAVAILABLE');
    await turn();
    open += 1;
    return consumer({ close: async () => void (open -= 1) });
  });
  await expect(intake.open()).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
  await turn();
  expect(open).toBe(0);
});

test('an intake that is closed while it opens closes what its queue opens later', async () => {
  const late: ((consumer: Consumer) => void)[] = [];
  let open = 0;
  const intake = intakeOf(() => new Promise((resolve) => late.push(resolve)));
  const opening = intake.open();
  await intake.close();
  for (const resolve of late) {
    open += 1;
    resolve(consumer({ close: async () => void (open -= 1) }));
  }
  await opening;
  expect([late.length, open, intake.receiving]).toEqual([PRIORITIES.length, 0, false]);
});

test('an intake gives no more at a time than fits into a claim, and one message whatever its size', async () => {
  const sizes = [BATCH_BYTES / 4, BATCH_BYTES / 4, BATCH_BYTES / 2, BATCH_BYTES + 1, 1, 1];
  const intake = intakeOf(async ({ priority }, _options, onBatch) => {
    if (priority === ADDRESS.priority) onBatch(sizes.map(delivery));
    return consumer();
  });
  await intake.open();
  expect([1, 2, 3, 4, 5].map(() => intake.take(100).length)).toEqual([2, 1, 1, 2, 0]);
});

test('an intake gives back what has waited for too long, and keeps what came later', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const back: Delivery[] = [];
  let deliver: (deliveries: Delivery[]) => void = () => undefined;
  const intake = intakeOf(async ({ priority }, _options, onBatch) => {
    if (priority === ADDRESS.priority) deliver = onBatch;
    return consumer({ giveBack: (deliveries) => void back.push(...deliveries) });
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

test('an intake receives while each of its consumers is open', async () => {
  const consumers: { open: boolean }[] = [];
  const intake = intakeOf(async () => {
    const one = { ...consumer(), open: true };
    consumers.push(one);
    return one;
  });
  expect(intake.receiving).toBe(false);
  await intake.open();
  expect(intake.receiving).toBe(true);
  for (const one of consumers.slice(1)) one.open = false;
  expect(intake.receiving).toBe(false);
});
