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
    // A message that comes alone is sent at the end of its turn.
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    });
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

  async function connect(leaderless: readonly string[] = []): Promise<FakeModel> {
    const made = new FakeModel();
    for (const queue of leaderless) made.leaderless.add(queue);
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

  async function stall(queue: string): Promise<void> {
    model.mute.add(queue);
    const waiting = publish(queue);
    await vi.advanceTimersByTimeAsync(WITHIN_MS);
    expect(await waiting).toBe('SLUICE_QUEUE_UNAVAILABLE');
    expect(takes(queue)).toBe(false);
  }

  describe('without a connection', () => {
    it('lets calls wait for one, and refuses at once what comes after two seconds without', async () => {
      model.connection.stream.destroy();
      const waiting = publish('a');
      await vi.advanceTimersByTimeAsync(2000);
      expect(takes('a')).toBe(true);
      await vi.advanceTimersByTimeAsync(1);
      expect(await publish('a')).toBe('SLUICE_QUEUE_UNAVAILABLE');
      await connect();
      expect(await waiting).toBe('stored');
      expect(await publish('a')).toBe('stored');
    });

    it('counts none that was closed together with the answer to the opening of its channel', async () => {
      model.connection.stream.destroy();
      const closing = new FakeModel();
      const create = closing.createConfirmChannel.bind(closing);
      closing.createConfirmChannel = async () => {
        const channel = await create();
        closing.connection.stream.destroy();
        return channel;
      };
      await expect(publisher.use(closing.asModel)).rejects.toThrow('closed');
      await vi.advanceTimersByTimeAsync(2001);
      expect(takes('a')).toBe(false);
    });

    it('refuses nothing while another is up', async () => {
      await connect();
      model.connection.stream.destroy();
      await vi.advanceTimersByTimeAsync(WITHIN_MS);
      expect(await publish('a')).toBe('stored');
    });
  });

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

  describe('to a queue that is stalled', () => {
    beforeEach(async () => {
      await stall('broken');
      model = await connect(['broken', 'other']);
    });

    it('refuses at once though the leader of another queue is found, until its own is', async () => {
      const other = publish('other');
      await vi.advanceTimersByTimeAsync(0);
      model.elect('other');
      expect(await other).toBe('stored');
      expect([takes('broken'), publisher.works]).toEqual([false, false]);
      model.elect('broken');
      await vi.advanceTimersByTimeAsync(0);
      expect([takes('broken'), publisher.works]).toEqual([true, true]);
    });

    it('refuses at once over a new channel and a new connection, too', async () => {
      model.endChannel();
      await vi.advanceTimersByTimeAsync(200);
      expect(await publish('sound')).toBe('stored');
      expect(takes('broken')).toBe(false);
      await connect(['broken']);
      expect([takes('broken'), publisher.works]).toEqual([false, false]);
    });

    it('takes all again when the server no longer blocks', () => {
      model.emit('blocked', 'low on memory');
      model.emit('unblocked');
      expect([takes('broken'), publisher.works]).toEqual([true, true]);
    });
  });

  it('asks over a new channel whether a queue that has stalled meanwhile can be reached', async () => {
    expect(await publish('q')).toBe('stored');
    model.mute.add('q');
    const waiting = publish('q');
    await vi.advanceTimersByTimeAsync(WITHIN_MS - 50);
    model.endChannel();
    await vi.advanceTimersByTimeAsync(50);
    expect(await waiting).toBe('SLUICE_QUEUE_UNAVAILABLE');
    expect(takes('q')).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(takes('q')).toBe(true);
  });

  it('lets what comes while another is under way wait for more, for 40 ms at most', async () => {
    model.mute.add('mute');
    void publish('mute');
    await new Promise(setImmediate);
    let stored = false;
    void publish('q').then(() => {
      stored = true;
    });
    await vi.advanceTimersByTimeAsync(39);
    expect(stored).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(stored).toBe(true);
  });
});
