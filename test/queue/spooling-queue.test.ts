import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import { SpoolingQueue } from '../../src/queue/spool/spooling-queue.ts';
import { queueConformance } from '../../src/testing/queue-conformance.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';
import { PATIENCE, useSpools } from './spool-under-test.ts';

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

describe('a spool', () => {
  const made = useSpools();

  it('keeps nothing while the queue confirms', async () => {
    const spool = await made();
    expect(await spool.send('a', 'b')).toEqual([undefined, undefined]);
    expect(spool.queue.spooled).toBe(0);
    await expect.poll(() => spool.got, PATIENCE).toEqual(['a', 'b']);
  });

  it.each(['is away', 'nothing'] as const)(
    'keeps what a queue that answers "%s" does not take, and forwards it in order',
    async (answer) => {
      const spool = await made();
      spool.target.answer = answer;
      expect(await spool.send('a')).toEqual(['disk']);
      expect(await spool.send('b')).toEqual(['disk']);
      expect(spool.queue.spooled).toBe(2);
      expect(await spool.queue.health()).toMatchObject({ ok: true, spooled: 2 });
      spool.target.answer = 'stores';
      spool.target.release('is away');
      await spool.queue.drain(30_000);
      expect(spool.queue.spooled).toBe(0);
      await expect.poll(() => spool.got, PATIENCE).toEqual(['a', 'b']);
      expect(await spool.send('c')).toEqual([undefined]);
    },
  );

  it('goes back to the queue although there is never a moment without a task', async () => {
    const spool = await made();
    const outcomes: ('disk' | void)[] = [];
    let over = false;
    const sending = Array.from({ length: 32 }, async () => {
      while (!over) outcomes.push(...(await spool.send('a')));
    });
    spool.target.answer = 'is away';
    await expect.poll(() => spool.queue.spooled, PATIENCE).toBeGreaterThan(500);
    spool.target.answer = 'stores';
    const back = (): boolean => outcomes.slice(-100).every((outcome) => outcome === undefined);
    await expect.poll(back, PATIENCE).toBe(true);
    over = true;
    await Promise.all(sending);
    await spool.queue.drain(30_000);
    expect(spool.queue.spooled).toBe(0);
  });

  it('keeps at once what the queue refuses at once', async () => {
    const spool = await made(600_000);
    spool.target.answer = 'is away';
    expect(await spool.send('a')).toEqual(['disk']);
  });

  it('says what it promises where the queue does not confirm', async () => {
    const spool = await made();
    const { durability } = await spool.target.health();
    expect(await spool.queue.health()).toMatchObject({
      durable: true,
      durability: `${durability}; with the spool, to this disk alone where the queue does not confirm in time`,
    });
  });

  it.each(['target', 'disk'] as const)('promises nothing that its %s does not', async (which) => {
    const spool = await made();
    spool[which].health = async () => ({ ok: true, durable: false, durability: 'in memory' });
    expect(await spool.queue.health()).toMatchObject({ ok: true, durable: false });
  });

  it('does not hide that the queue is full', async () => {
    const spool = await made();
    spool.target.answer = 'is full';
    await expect(spool.send('a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
    expect(spool.queue.spooled).toBe(0);
  });

  it('refuses at once what the queue would not take later, either', async () => {
    const spool = await made();
    spool.target.maxMessageBytes = 3;
    spool.target.answer = 'is away';
    expect(await spool.send('äa')).toEqual(['disk']);
    await expect(spool.send('ää')).rejects.toMatchObject({
      code: 'SLUICE_MESSAGE_TOO_LARGE',
      data: { bytes: 4, limit: 3 },
    });
    expect(spool.queue.spooled).toBe(1);
  });

  it('says how many are left when the queue does not come back in time', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    await spool.send('a', 'b', 'c');
    await spool.queue.drain(100);
    expect(spool.queue.spooled).toBe(3);
  });

  it('forwards after a crash what it had kept before', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    await spool.send('a', 'b');
    await spool.crash();
    spool.target.answer = 'stores';
    await spool.queue.drain(30_000);
    expect(spool.queue.spooled).toBe(0);
    await expect.poll(() => new Set(spool.got), PATIENCE).toEqual(new Set(['a', 'b']));
  });

  it('tells once that it keeps tasks, and once that it has no more', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    await spool.send('a', 'b');
    await spool.send('c');
    const warnings = [
      expect.stringContaining('tasks are kept on this disk'),
      expect.stringContaining('can not be forwarded yet {"reason":"it is away"}'),
    ];
    await expect.poll(() => spool.told('warn'), PATIENCE).toEqual(warnings);
    spool.target.answer = 'stores';
    await expect
      .poll(() => spool.told('info'), PATIENCE)
      .toEqual([expect.stringContaining('the queue has taken every task')]);
    expect(spool.told('warn')).toEqual(warnings);
  });
});
