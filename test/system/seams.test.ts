import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../src/testing/eventually.ts';
import { Client, type TaskShown } from './client.ts';
import { untilQuiet } from './quiet.ts';
import { Server, temporaryFolder } from './server.ts';
import { NO_STRACE, Tracer } from './strace.ts';

/** More than there are from the accept of a task to the end of what it enqueues. */
const SYNCS = 8;
const FLAGS = ['--runners', '1'];

/** Kills the server at its `number`th sync after the start; returns whether the task was acknowledged before. */
async function killedAtSync(data: string, trace: string, number: number): Promise<string | undefined> {
  const server = await Server.start({ data, flags: FLAGS });
  const calls = 'fsync,fdatasync';
  const kill = [`trace=${calls}`, `inject=${calls}:signal=KILL:when=${number}`];
  await Tracer.attach(
    server.pid,
    kill.flatMap((expression) => ['-e', expression]),
  );
  const client = new Client(server.url);
  const id = await client.accept('parent', { trace }).catch(() => undefined);
  if (id !== undefined) await client.end(id).catch(() => undefined);
  // A task more for each sync that is still to come.
  while (server.alive) await client.accept('echo', number).catch(() => undefined);
  return id;
}

interface Aftermath {
  readonly acknowledged: string | undefined;
  readonly succeeded: readonly TaskShown[];
  readonly failed: readonly TaskShown[];
}

/** What a server that is started again makes of what the killed one left. */
async function aftermathOf(number: number): Promise<Aftermath> {
  const data = temporaryFolder();
  const acknowledged = await killedAtSync(data, join(temporaryFolder(), 'trace'), number);
  const server = await Server.start({ data, flags: FLAGS });
  const client = new Client(server.url);
  await untilQuiet(server, client);
  let succeeded: TaskShown[] = [];
  // What a parent that had ended has enqueued may come after all else is quiet.
  await eventually('every parent has its children', async () => {
    const listed = await client.list('succeeded');
    succeeded = await Promise.all(listed.map(({ id }) => client.get(id)));
    const count = (name: string): number => succeeded.filter(({ task }) => task === name).length;
    return count('child') >= 2 * count('parent');
  });
  const failed = await client.list('failed');
  await server.stop();
  return { acknowledged, succeeded, failed };
}

test.skipIf(NO_STRACE)(
  'a task that is killed at any of its syncs ends once, and what it enqueues exists once',
  async () => {
    const aftermaths: Aftermath[] = [];
    for (let number = 1; number <= SYNCS; number += 1) aftermaths.push(await aftermathOf(number));
    const acknowledged = aftermaths.flatMap((aftermath) => aftermath.acknowledged ?? []);
    expect(acknowledged.length).toBeGreaterThan(SYNCS / 2);
    for (const { acknowledged: id, succeeded, failed } of aftermaths) {
      const parents = succeeded.filter(({ task }) => task === 'parent');
      const children = succeeded.filter(({ task }) => task === 'child').map((child) => child.id);
      expect(parents.map((parent) => parent.id)).toEqual(
        expect.arrayContaining(id === undefined ? [] : [id]),
      );
      expect(parents.map(({ result }) => (result as string[]).length)).toEqual(parents.map(() => 2));
      expect(children.toSorted()).toEqual(parents.flatMap(({ result }) => result as string[]).toSorted());
      expect(failed).toEqual([]);
    }
  },
);
