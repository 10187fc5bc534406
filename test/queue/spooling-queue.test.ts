import { afterEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import type { Delivery, Queue } from '../../src/queue/queue.ts';
import { SpoolingQueue } from '../../src/queue/spool/spooling-queue.ts';
import { queueConformance } from '../../src/testing/queue-conformance.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';

queueConformance({ describe, it }, 'spooling', async (limits) => {
  const folders = [
    await StoreFolder.make([EMBEDDED_QUEUE_MODULE]),
    await StoreFolder.make([EMBEDDED_QUEUE_MODULE]),
  ];
  const open = async (stores: readonly StoreFolder['store'][]): Promise<SpoolingQueue> => {
    const [target, spool] = await Promise.all(
      stores.map((store) => EmbeddedQueue.open({ store, ...limits })),
    );
    if (!target || !spool) throw new Error('there are two folders');
    return SpoolingQueue.open({ target, spool, logger: silentLogger });
  };
  let queue = await open(folders.map(({ store }) => store));
  return {
    queue,
    reopen: async (how) => {
      if (how === 'close') await queue.close();
      queue = await open(await Promise.all(folders.map((folder) => folder.reopen(how))));
      return queue;
    },
    dispose: async () => {
      for (const folder of folders) await folder.remove();
    },
  };
});

const WAIT = { timeout: 20_000 };
const ADDRESS = { queue: 'default', priority: 'normal', lane: 0 } as const;

describe('a spool', () => {
  const folders: StoreFolder[] = [];
  const queues: Queue[] = [];

  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
    for (const folder of folders.splice(0)) await folder.remove();
  });

  async function embedded(): Promise<{ queue: EmbeddedQueue; folder: StoreFolder }> {
    const folder = await StoreFolder.make([EMBEDDED_QUEUE_MODULE]);
    folders.push(folder);
    return { folder, queue: await EmbeddedQueue.open({ store: folder.store }) };
  }

  /** A queue that can be made to refuse, or to say nothing. */
  function moody(real: Queue): { queue: Queue; mood: { says: 'yes' | 'unavailable' | 'full' | 'nothing' } } {
    const mood: { says: 'yes' | 'unavailable' | 'full' | 'nothing' } = { says: 'yes' };
    const publish: Queue['publish'] = (messages) => {
      if (mood.says === 'yes') return real.publish(messages);
      if (mood.says === 'nothing') return new Promise(() => undefined);
      const code = mood.says === 'full' ? 'SLUICE_QUEUE_FULL' : 'SLUICE_QUEUE_UNAVAILABLE';
      return Promise.reject(new SluiceError(code));
    };
    return {
      mood,
      queue: {
        maxMessageBytes: real.maxMessageBytes,
        publish,
        consume: (address, options, onBatch) => real.consume(address, options, onBatch),
        depth: () => real.depth(),
        health: () => real.health(),
        close: () => real.close(),
      },
    };
  }

  async function made(confirmWithinMs = 50): Promise<{
    queue: SpoolingQueue;
    mood: ReturnType<typeof moody>['mood'];
    target: Queue;
    spool: StoreFolder;
    send: (...bodies: string[]) => Promise<('disk' | void)[]>;
    got: () => Promise<Delivery[]>;
  }> {
    const { queue: real } = await embedded();
    const { queue: target, mood } = moody(real);
    const { queue: disk, folder: spool } = await embedded();
    const queue = await SpoolingQueue.open({
      target,
      spool: disk,
      logger: silentLogger,
      confirmWithinMs,
    });
    queues.push(queue);
    const received: Delivery[] = [];
    await real.consume(ADDRESS, { prefetch: 1000 }, (deliveries) => received.push(...deliveries));
    return {
      queue,
      mood,
      target,
      spool,
      send: (...bodies) => Promise.all(bodies.map((body) => queue.publish([{ address: ADDRESS, body }]))),
      got: async () => received,
    };
  }

  const bodies = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ body }) => body);

  it('keeps nothing while the queue confirms', async () => {
    const { queue, send, got } = await made();
    expect(await send('a', 'b')).toEqual([undefined, undefined]);
    expect(queue.spooled).toBe(0);
    await vi.waitFor(async () => expect(bodies(await got())).toEqual(['a', 'b']));
  });

  it.each(['unavailable', 'nothing'] as const)(
    'keeps what a queue that says "%s" does not take, and forwards it in order',
    async (says) => {
      const { queue, mood, send, got } = await made();
      mood.says = says;
      expect(await send('a')).toEqual(['disk']);
      expect(await send('b')).toEqual(['disk']);
      expect(queue.spooled).toBe(2);
      expect(await queue.health()).toMatchObject({ ok: true, spooled: 2 });
      if (says === 'nothing') return;
      mood.says = 'yes';
      expect(await queue.drain(30_000)).toBe(0);
      await vi.waitFor(async () => expect(bodies(await got())).toEqual(['a', 'b']));
      expect(await send('c')).toEqual([undefined]);
    },
  );

  it('goes back to the queue although there is never a moment without a task', async () => {
    const { queue, mood, send } = await made();
    const outcomes: ('disk' | void)[] = [];
    let over = false;
    const sending = Array.from({ length: 32 }, async () => {
      while (!over) outcomes.push(...(await send('a')));
    });
    mood.says = 'unavailable';
    await expect.poll(() => queue.spooled).toBeGreaterThan(500);
    mood.says = 'yes';
    await expect.poll(() => outcomes.slice(-100).every((outcome) => outcome === undefined), WAIT).toBe(true);
    over = true;
    await Promise.all(sending);
    expect(await queue.drain(30_000)).toBe(0);
  });

  it('keeps at once what the queue refuses at once', async () => {
    const { mood, send } = await made(600_000);
    mood.says = 'unavailable';
    expect(await send('a')).toEqual(['disk']);
  });

  it('does not hide that the queue is full', async () => {
    const { queue, mood, send } = await made();
    mood.says = 'full';
    await expect(send('a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
    expect(queue.spooled).toBe(0);
  });

  it('asks the queue again where the disk has nothing that would bring it to mind', async () => {
    const { queue, mood, send, spool } = await made();
    mood.says = 'unavailable';
    await spool.store.close();
    await expect(send('a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    mood.says = 'yes';
    expect(await send('b')).toEqual([undefined]);
    expect(queue.spooled).toBe(0);
  });

  it('says how many are left when the queue does not come back in time', async () => {
    const { queue, mood, send } = await made();
    mood.says = 'unavailable';
    await send('a', 'b', 'c');
    expect(await queue.drain(100)).toBe(3);
  });

  it('forwards after a crash what it had kept before', async () => {
    const { mood, send, target, got, spool } = await made();
    mood.says = 'unavailable';
    await send('a', 'b');
    const disk = await EmbeddedQueue.open({ store: await spool.reopen('crash') });
    mood.says = 'yes';
    const next = await SpoolingQueue.open({ target, spool: disk, logger: silentLogger });
    expect(await next.drain(30_000)).toBe(0);
    await vi.waitFor(async () => expect(new Set(bodies(await got()))).toEqual(new Set(['a', 'b'])));
  });
});
