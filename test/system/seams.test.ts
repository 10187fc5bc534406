import { join } from 'node:path';
import { expect, test } from 'vitest';
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

test.skipIf(NO_STRACE)(
  'a task that is killed at any of its syncs ends once, and what it enqueues exists once',
  async () => {
    const data = temporaryFolder();
    const trace = join(temporaryFolder(), 'trace');
    const acknowledged: string[] = [];
    for (let number = 1; number <= SYNCS; number += 1) {
      const id = await killedAtSync(data, trace, number);
      if (id !== undefined) acknowledged.push(id);
    }
    const server = await Server.start({ data, flags: FLAGS });
    const client = new Client(server.url);
    await untilQuiet(server, client);
    const succeeded = await client.list('succeeded');
    const of = (task: string): TaskShown[] => succeeded.filter((shown) => shown.task === task);
    const parents = of('parent').map(({ id }) => id);
    expect(acknowledged.length).toBeGreaterThan(SYNCS / 2);
    expect(acknowledged.filter((id) => !parents.includes(id))).toEqual([]);
    const results = await Promise.all(parents.map(async (id) => (await client.get(id)).result as string[]));
    expect(
      of('child')
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(results.flat().toSorted());
    expect(results.map(({ length }) => length)).toEqual(parents.map(() => 2));
    expect(await client.list('failed')).toEqual([]);
  },
);
