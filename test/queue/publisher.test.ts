import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { Publisher } from '../../src/queue/rabbitmq/publisher.ts';
import { FakeModel } from './fake-model.ts';

const WITHIN_MS = 10_000;

describe('a publisher', () => {
  let publisher: Publisher;
  let model: FakeModel;
  /** Queues that can not be made. */
  let unmade: Set<string>;

  beforeEach(async () => {
    vi.useFakeTimers();
    unmade = new Set();
    publisher = new Publisher({
      deadlineMs: WITHIN_MS,
      random: { bytes: (length) => Buffer.alloc(length), fraction: () => 0 },
      isFull: async () => false,
      isDeclared: (queue) => !unmade.has(queue),
      redeclare: async () => undefined,
      failure: () => 'no node has answered',
      logger: silentLogger,
    });
    model = await connect();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  async function connect(): Promise<FakeModel> {
    const made = new FakeModel();
    await publisher.use(made.asModel);
    return made;
  }

  /** A message to each; resolves with the code of the error, if there is one. */
  function publish(...queues: string[]): Promise<string> {
    const call = publisher.begin(queues);
    for (const queue of queues) if (!unmade.has(queue)) publisher.send(call, queue, Buffer.from('x'));
    return call.done.then(
      () => 'stored',
      (error: SluiceError) => error.code,
    );
  }

  /** False where a publish to the queue is refused at once. */
  function takes(queue: string): boolean {
    const call = publisher.begin([queue]);
    call.done.catch(() => undefined);
    const { open } = call;
    call.settled(queue, 'stored');
    return open;
  }

  describe('of whose calls one has waited in vain', () => {
    it('refuses nothing to a queue that has confirmed its part of that, and fails no call to it', async () => {
      model.mute.add('broken');
      const waiting = publish('sound', 'broken');
      await vi.advanceTimersByTimeAsync(WITHIN_MS - 1);
      model.mute.add('sound');
      const later = publish('sound');
      await vi.advanceTimersByTimeAsync(1);
      expect(await waiting).toBe('SLUICE_QUEUE_UNAVAILABLE');
      expect([takes('broken'), takes('sound')]).toEqual([false, true]);
      // What was on its way goes over the next connection.
      await connect();
      expect(await later).toBe('stored');
    });

    it('refuses nothing to a queue that waited for another to be made', async () => {
      unmade.add('strange');
      const call = publisher.begin(['sound', 'strange']);
      call.done.catch(() => undefined);
      await vi.advanceTimersByTimeAsync(WITHIN_MS);
      expect(call.open).toBe(false);
      expect([takes('strange'), takes('sound')]).toEqual([false, true]);
    });
  });

  it('refuses only what goes to the queue that can not be made', async () => {
    const call = publisher.begin(['sound', 'strange']);
    publisher.refuse(
      call,
      'strange',
      new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: 'it is strange' }),
    );
    await expect(call.done).rejects.toMatchObject({ data: { reason: 'it is strange' } });
    expect([takes('strange'), takes('sound')]).toEqual([false, true]);
  });
});
