import { expect, it } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { CallDeadlines } from '../../src/queue/rabbitmq/call-deadlines.ts';
import { heldUp } from '../core/held-up.ts';

const DEADLINE_MS = 200;
const LATE = new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: 'late' });

function deadlines(): CallDeadlines {
  return new CallDeadlines(
    DEADLINE_MS,
    (call) => call.fail(LATE),
    () => undefined,
  );
}

it('rejects a call that is not settled in time', async () => {
  await expect(deadlines().begin(['q']).done).rejects.toBe(LATE);
});

it('takes a confirm that lay unread while this process was held up', async () => {
  const subject = deadlines();
  await heldUp({ ms: 2 * DEADLINE_MS, answer: 'confirm' }, async (ask) => {
    const call = subject.begin(['q']);
    void ask().then(() => call.settled('q', 'stored'));
    await expect(call.done).resolves.toBeUndefined();
  });
  await subject.none();
});
