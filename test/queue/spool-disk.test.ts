import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { numbered, PATIENCE, type SpoolUnderTest, useSpools } from './spool-under-test.ts';

const MEBIBYTE = 2 ** 20;

describe('a spool whose disk fails', () => {
  const made = useSpools();

  /** Its address counts as away, and one message is on the disk. */
  async function away(): Promise<SpoolUnderTest> {
    const spool = await made();
    spool.target.answer = 'nothing';
    expect(await spool.send('first')).toEqual(['disk']);
    return spool;
  }

  it('confirms what the queue confirms late', async () => {
    const spool = await made();
    spool.target.answer = 'nothing';
    spool.disk.answer = 'is away';
    const sent = spool.send('a');
    await expect.poll(() => spool.disk.asked, PATIENCE).toContain('a');
    spool.target.release('stores');
    expect(await sent).toEqual([undefined]);
    await expect.poll(() => spool.got, PATIENCE).toEqual(['a']);
  });

  it('confirms what the queue confirms before a disk that is slow', async () => {
    const spool = await made();
    spool.target.answer = 'nothing';
    spool.disk.answer = 'nothing';
    const sent = spool.send('a');
    await expect.poll(() => spool.disk.held, PATIENCE).toBe(1);
    spool.target.release('stores');
    expect(await sent).toEqual([undefined]);
  });

  it.each(['is away', 'is full', 'nothing'] as const)(
    'asks the queue, where the disk "%s", for what it had not taken lately',
    async (answer) => {
      const spool = await away();
      spool.disk.answer = answer;
      spool.target.answer = 'stores';
      expect(await spool.send('a')).toEqual([undefined]);
      expect(await spool.send('b')).toEqual([undefined]);
      spool.disk.release('stores');
    },
  );

  it('asks the queue again where the disk has nothing that would bring it to mind', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    spool.disk.answer = 'is away';
    await expect(spool.send('a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    spool.target.answer = 'stores';
    expect(await spool.send('b')).toEqual([undefined]);
    expect(spool.queue.spooled).toBe(0);
  });

  it.each([
    ['is away', 'is away', 'SLUICE_QUEUE_UNAVAILABLE'],
    ['is full', 'is away', 'SLUICE_QUEUE_UNAVAILABLE'],
    ['is away', 'is full', 'SLUICE_QUEUE_UNAVAILABLE'],
    ['is full', 'is full', 'SLUICE_QUEUE_FULL'],
  ] as const)('refuses where the queue, too late, "%s" and the disk "%s"', async (target, disk, code) => {
    const spool = await made();
    spool.target.answer = 'nothing';
    spool.disk.answer = disk;
    const sent = spool.send('a');
    sent.catch(() => undefined);
    await expect.poll(() => spool.disk.asked, PATIENCE).toContain('a');
    spool.target.release(target);
    await expect(sent).rejects.toMatchObject({ code });
  });

  it('forwards what is on it although it has not confirmed that', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    spool.disk.answer = 'is unsure';
    await expect(spool.send('a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    expect(spool.queue.spooled).toBe(1);
    spool.target.answer = 'stores';
    await expect.poll(() => spool.got, PATIENCE).toEqual(['a']);
    await expect.poll(() => spool.queue.spooled, PATIENCE).toBe(0);
  });

  it('shows it until a write has succeeded, and tells it once', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    spool.disk.answer = 'is away';
    for (const body of numbered(5)) await spool.send(body).catch(() => undefined);
    expect(await spool.queue.health()).toMatchObject({ ok: false, reason: 'the spool: it is away' });
    spool.target.answer = 'stores';
    spool.disk.answer = 'stores';
    await expect.poll(async () => (await spool.queue.health()).ok, PATIENCE).toBe(true);
    expect(await spool.queue.health()).not.toHaveProperty('reason');
    expect(spool.queue.spooled).toBe(0);
    expect(spool.told('error')).toEqual([expect.stringMatching(/spool can not be written.*it is away/)]);
    expect(spool.told('info')).toEqual([expect.stringContaining('the spool can be written again')]);
  });

  it('leaves no trace of looking whether it can be written', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    for (let failure = 0; failure < 4; failure += 1) {
      spool.disk.answer = 'is away';
      await spool.send('a').catch(() => undefined);
      spool.disk.answer = 'stores';
      await expect.poll(async () => (await spool.queue.health()).ok, PATIENCE).toBe(true);
    }
    const traces = async (): Promise<number> =>
      (await spool.disk.depth()).addresses.reduce((sum, { messages }) => sum + messages, 0);
    await expect.poll(traces, PATIENCE).toBe(0);
  });

  it('leaves all to the queue while it hangs, and forwards what was on its way to it', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    spool.disk.answer = 'nothing';
    await expect(spool.send('a')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    await expect(spool.send('b')).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    expect(spool.disk.asked).toEqual(['a']);
    spool.target.answer = 'stores';
    expect(await spool.send('c')).toEqual([undefined]);
    expect(await spool.queue.health()).toMatchObject({
      ok: false,
      reason: 'the spool: this disk does not answer',
    });
    spool.disk.answer = 'stores';
    spool.disk.release('stores');
    await expect.poll(() => spool.got, PATIENCE).toEqual(['c', 'a']);
    await expect.poll(async () => (await spool.queue.health()).ok, PATIENCE).toBe(true);
    expect(spool.told('error')).toEqual([expect.stringContaining('this disk does not answer')]);
    spool.target.answer = 'is away';
    expect(await spool.send('d')).toEqual(['disk']);
  });

  it('holds only so much behind a disk that hangs', async () => {
    const spool = await made();
    spool.target.answer = 'is away';
    spool.disk.answer = 'nothing';
    const body = 'x'.repeat(MEBIBYTE);
    const refusals: unknown[] = [];
    for (let sent = 0; sent < 300; sent += 1)
      spool.send(body).catch((error: unknown) => refusals.push(error));
    await expect.poll(() => refusals.length, PATIENCE).toBe(300);
    expect(spool.disk.held).toBeLessThan(257);
    expect(new Set(refusals.map((refusal) => SluiceError.is(refusal) && refusal.code))).toEqual(
      new Set(['SLUICE_QUEUE_UNAVAILABLE']),
    );
    expect(await spool.queue.health()).toMatchObject({
      reason: expect.stringContaining('does not answer') as string,
    });
  });
});
