import { describe, expect, it } from 'vitest';
import type { Answer } from './moody-queue.ts';
import { numbered, PATIENCE, useSpools } from './spool-under-test.ts';

/** More than a spool holds in memory of one address. */
const MANY = 600;

const bigIsRefused = (body: string): Answer => (body.startsWith('big') ? 'is too small' : 'stores');

describe('forwarding from a spool', () => {
  const made = useSpools();

  describe('a message that the queue will never take', () => {
    it('is kept, counted and told once, and all that comes after it is forwarded', async () => {
      const spool = await made();
      spool.target.answer = 'is away';
      await spool.send('big', 'a', 'b');
      spool.target.answer = bigIsRefused;
      await spool.queue.drain(30_000);
      expect(spool.queue.spooled).toBe(1);
      expect(await spool.queue.health()).toMatchObject({ ok: true, spooled: 1, tooLarge: 1 });
      await expect.poll(() => spool.got, PATIENCE).toEqual(['a', 'b']);
      expect(await spool.send('c')).toEqual([undefined]);
      expect(spool.told('error')).toEqual([
        expect.stringMatching(/too large for the queue.*"address":"default.normal.0","bytes":3,"limit":2/),
      ]);
      expect(spool.told('warn')).toContainEqual(expect.stringContaining('what is too large {"tooLarge":1}'));
    });

    it('is tried again at the next start', async () => {
      const spool = await made();
      spool.target.answer = 'is away';
      await spool.send('big', 'a');
      spool.target.answer = bigIsRefused;
      await spool.queue.drain(30_000);
      await spool.crash();
      await expect.poll(() => spool.told('error').length, PATIENCE).toBe(2);
      await spool.queue.drain(30_000);
      expect(spool.queue.spooled).toBe(1);
      spool.target.answer = 'stores';
      await spool.crash();
      await expect.poll(() => spool.queue.spooled, PATIENCE).toBe(0);
      await expect.poll(() => spool.got, PATIENCE).toEqual(['a', 'big']);
    });

    it('holds up nothing, however many there are of it', async () => {
      const spool = await made();
      const big = numbered(MANY, 'big');
      spool.target.answer = 'is away';
      await spool.send(...big, 'a');
      spool.target.answer = bigIsRefused;
      await expect.poll(() => spool.got, PATIENCE).toEqual(['a']);
      await spool.queue.drain(30_000);
      await spool.crash();
      await expect.poll(() => spool.told('error').length, PATIENCE).toBe(2 * MANY);
      spool.target.answer = 'is away';
      await spool.send('b');
      spool.target.answer = bigIsRefused;
      await expect.poll(() => spool.got, PATIENCE).toEqual(['a', 'b']);
      await spool.queue.drain(30_000);
      spool.target.answer = 'stores';
      await spool.crash();
      await expect.poll(() => spool.queue.spooled, PATIENCE).toBe(0);
      const all = ['a', 'b', ...big].toSorted();
      await expect.poll(() => spool.got.toSorted(), PATIENCE).toEqual(all);
    });

    it('is lost to no crash while it is set aside', async () => {
      const spool = await made();
      spool.target.answer = 'is away';
      await spool.send('big');
      spool.disk.forgets = false;
      spool.target.answer = bigIsRefused;
      await expect.poll(() => spool.disk.unforgotten, PATIENCE).toBeGreaterThan(0);
      spool.target.answer = 'stores';
      await spool.crash();
      await expect.poll(() => spool.queue.spooled, PATIENCE).toBe(0);
      await expect.poll(() => new Set(spool.got), PATIENCE).toEqual(new Set(['big']));
    });
  });

  describe('to a queue that is nearly full', () => {
    it('stores nothing twice', async () => {
      const spool = await made();
      const bodies = numbered(50);
      spool.target.answer = 'is away';
      await spool.send(...bodies);
      let room = 10;
      spool.target.answer = () => (room-- > 0 ? 'stores' : 'is full');
      await expect.poll(() => spool.got.length, PATIENCE).toBe(10);
      await expect.poll(() => room, PATIENCE).toBeLessThan(-50);
      room = 1000;
      await spool.queue.drain(30_000);
      expect(spool.queue.spooled).toBe(0);
      await expect.poll(() => spool.got, PATIENCE).toEqual(bodies);
    });

    it('lets the queue itself refuse what is new, and goes on', async () => {
      const spool = await made();
      spool.target.answer = 'is away';
      await spool.send('a', 'b');
      spool.target.answer = 'is full';
      await expect
        .poll(async () => spool.send('new').catch((error: unknown) => error), PATIENCE)
        .toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
      const { spooled } = spool.queue;
      expect(spooled).toBeGreaterThanOrEqual(2);
      await expect(spool.send('new')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
      expect(spool.queue.spooled).toBe(spooled);
      spool.target.answer = 'stores';
      await spool.queue.drain(30_000);
      expect(spool.queue.spooled).toBe(0);
      await expect.poll(() => spool.got.slice(0, 2), PATIENCE).toEqual(['a', 'b']);
    });
  });

  it('waits for the answer to no other message', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    await spool.send('a', 'b', 'c');
    spool.target.answer = (body) => (body === 'b' ? 'nothing' : 'stores');
    await expect.poll(() => spool.queue.spooled, PATIENCE).toBe(1);
    await expect.poll(() => spool.got, PATIENCE).toEqual(['a', 'c']);
  });

  it('offers few while nothing is taken', async () => {
    // However slow the disk is, an accept does not ask the target beside it.
    const spool = await made(600_000);
    const bodies = numbered(MANY);
    spool.target.answer = 'is away';
    await spool.send(...bodies);
    const offered = spool.target.asked.length;
    await expect.poll(() => spool.target.asked.length, PATIENCE).toBeGreaterThan(offered);
    spool.target.answer = 'nothing';
    await expect.poll(() => spool.target.held, PATIENCE).toBe(8);
    await spool.send('one more');
    expect(spool.target.held).toBe(8);
    spool.target.answer = 'stores';
    spool.target.release();
    await spool.queue.drain(30_000);
    await expect.poll(() => spool.got, PATIENCE).toEqual([...bodies, 'one more']);
  });

  it('offers nothing again because the disk can not forget it', async () => {
    const spool = await made();
    const bodies = [...numbered(300), 'twice', 'twice'];
    spool.target.answer = 'is away';
    await spool.send(...bodies);
    spool.disk.forgets = false;
    spool.target.answer = 'stores';
    await expect.poll(() => spool.disk.unforgotten, PATIENCE).toBeGreaterThan(2);
    expect(await spool.queue.health()).toMatchObject({
      ok: false,
      reason: 'the spool: it forgets nothing',
      spooled: 302,
    });
    spool.disk.forgets = true;
    await spool.queue.drain(30_000);
    expect(spool.queue.spooled).toBe(0);
    await expect.poll(() => spool.got, PATIENCE).toEqual(bodies);
  });
});
