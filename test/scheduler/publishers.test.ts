import { beforeEach, describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { decodeMessage } from '../../src/core/message.ts';
import type { DueTask } from '../../src/database/database.ts';
import { DuePublisher } from '../../src/scheduler/due-publisher.ts';
import { Connectivity } from '../../src/scheduler/connectivity.ts';
import { FollowUpPublisher } from '../../src/scheduler/follow-up-publisher.ts';
import { Republisher } from '../../src/scheduler/republisher.ts';
import { body, type Fakes, fakes, message } from './fakes.ts';

let made: Fakes;

function duePublisher(): DuePublisher {
  return new DuePublisher(made.options, new Republisher(made.options), new Connectivity(made.clock));
}

function answerDue(tasks: readonly DueTask[]): void {
  made.database.answer('due', () => ({ tasks, more: false, now: made.clock.now() }));
}

function refusing(queue: string): Fakes['refuse'] {
  return (batch) =>
    batch.some(({ address }) => address.queue === queue)
      ? new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: `of ${queue}` })
      : undefined;
}

beforeEach(() => {
  made = fakes();
});

describe('the publisher of due tasks', () => {
  it('publishes with the run that is asked for and the time of now, and keeps every field', async () => {
    const kept = body({ lane: 3, queue: 'images', dueAt: 7, tags: ['x'] }).replace('{', '{"later":[1],');
    const { id } = decodeMessage(kept);
    answerDue([{ id, version: 5, run: 4, body: kept }]);
    expect(await duePublisher().run()).toBe(false);

    const [outgoing] = made.published;
    expect(outgoing?.address).toMatchObject({ queue: 'images', priority: 'normal', lane: 3 });
    const again = decodeMessage(outgoing?.body ?? '');
    expect(again).toEqual({ ...decodeMessage(kept), run: 4, publishedAt: made.clock.now() });
    expect(again).toHaveProperty('later', [1]);
    expect(made.database.of('published')).toEqual([[[{ id, version: 5 }]]]);
  });

  it.each(['SLUICE_QUEUE_FULL', 'SLUICE_QUEUE_UNAVAILABLE'] as const)(
    'leaves the tasks scheduled while the queue says %s',
    async (code) => {
      answerDue([{ id: message().id, version: 5, run: 2, body: body() }]);
      made.refuse = () => new SluiceError(code);
      await expect(duePublisher().run()).rejects.toMatchObject({ code });
      expect(made.database.of('published')).toEqual([]);
      expect(made.database.of('reject')).toEqual([]);
    },
  );

  it('fails the one message that the queue can not take, and publishes the others', async () => {
    const messages = [1, 2, 3, 4, 5].map((at) => message({ input: at === 3 ? 'large' : 'small' }));
    answerDue(messages.map(({ id, input }) => ({ id, version: 5, run: 2, body: body({ id, input }) })));
    made.refuse = (batch) =>
      batch.some((outgoing) => outgoing.body.endsWith('large'))
        ? new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes: 5, limit: 4 })
        : undefined;
    await duePublisher().run();
    expect(made.published).toHaveLength(4);
    const [[rejections] = []] = made.database.of('reject') as [{ id: { text: string } }[]][];
    expect(rejections?.map(({ id }) => id.text)).toEqual([messages[2]?.id]);
  });

  it('fails a task whose message can not be read, and publishes the others', async () => {
    const { id } = message();
    answerDue([
      { id, version: 5, run: 2, body: 'no message' },
      { id: message().id, version: 5, run: 2, body: body() },
    ]);
    await duePublisher().run();
    expect(made.published).toHaveLength(1);
    expect(made.database.of('reject')).toMatchObject([[[{ id: { text: id } }]]]);
  });

  it('publishes to every other address where one can not be published to, and tells of that one', async () => {
    const tasks = ['broken', 'sound', 'broken', 'other', 'sound'].map((queue, at) => {
      const { id } = message();
      return { id, version: at, run: 2, body: body({ id, queue, input: `${at}` }) };
    });
    answerDue(tasks);
    made.refuse = refusing('broken');
    await expect(duePublisher().run()).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    expect(made.published.map((outgoing) => decodeMessage(outgoing.body).input)).toEqual(['1', '4', '3']);
    const marked = [1, 3, 4].map((at) => ({ id: tasks[at]?.id, version: at }));
    expect(made.database.of('published')).toEqual([[marked]]);
  });

  it('publishes all tasks of one address at once, in their order', async () => {
    const sizes: number[] = [];
    made.refuse = (batch) => void sizes.push(batch.length);
    answerDue(
      Array.from({ length: 6 }, (_, at) => {
        const { id } = message();
        return { id, version: 5, run: 2, body: body({ id, lane: at % 2, input: `${at}` }) };
      }),
    );
    await duePublisher().run();
    expect(sizes).toEqual([3, 3]);
    const inputs = made.published.map((outgoing) => decodeMessage(outgoing.body).input);
    expect(inputs).toEqual(['0', '2', '4', '1', '3', '5']);
  });

  it('has more to do when the database says so', async () => {
    made.database.answer('due', () => ({ tasks: [], more: true, now: made.clock.now() }));
    expect(await duePublisher().run()).toBe(true);
  });

  it('asks for half as many after two calls in a row that took too long, and for no fewer while it is away', async () => {
    const publisher = duePublisher();
    const asked: unknown[] = [];
    for (const timedOut of [false, false, false, true, true, true, true, true]) {
      made.database.answer('due', (limit: number) => {
        asked.push(limit);
        throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE', { timedOut });
      });
      await expect(publisher.run()).rejects.toMatchObject({ code: 'SLUICE_DATABASE_UNAVAILABLE' });
    }
    expect(asked).toEqual([500, 500, 500, 500, 500, 250, 250, 125]);
  });
});

describe('the publisher of follow-ups', () => {
  const publisher = (): FollowUpPublisher =>
    new FollowUpPublisher(made.options, new Republisher(made.options));

  it('publishes what is left and then has it forgotten', async () => {
    made.database.answer('followUps', () => [{ id: 'parent', bodies: [body({ lane: 1 }), body()] }]);
    await publisher().run();
    expect(made.published.map(({ address }) => address.lane)).toEqual([1, 0]);
    expect(made.database.of('followUpsPublished')).toEqual([[['parent']]]);
  });

  it('has nothing forgotten that the queue did not take', async () => {
    made.database.answer('followUps', () => [{ id: 'parent', bodies: [body()] }]);
    made.refuse = () => new SluiceError('SLUICE_QUEUE_FULL');
    await expect(publisher().run()).rejects.toMatchObject({ code: 'SLUICE_QUEUE_FULL' });
    expect(made.database.of('followUpsPublished')).toEqual([]);
  });

  it('has those forgotten whose messages are all in the queue, though others could not be published', async () => {
    const broken = body({ queue: 'broken' });
    made.database.answer('followUps', () => [
      { id: 'mixed', bodies: [broken, body()] },
      { id: 'sound', bodies: [body(), body({ lane: 1 })] },
    ]);
    made.refuse = refusing('broken');
    await expect(publisher().run()).rejects.toMatchObject({ code: 'SLUICE_QUEUE_UNAVAILABLE' });
    expect(made.published).toHaveLength(3);
    expect(made.database.of('followUpsPublished')).toEqual([[['sound']]]);
  });
});
