import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openConnection } from '../../src/sqlite/binding.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { Client, hasEnded, type TaskShown } from './client.ts';
import { untilQuiet } from './quiet.ts';
import { Server, temporaryFolder } from './server.ts';
import { type Acknowledged, WriteLoad } from './write-load.ts';

const KILLS = 20;
const MOST_PER_ROUND = 200;
/** For what has not ended although nothing is left to be done. */
const PATIENCE_MS = 15_000;
const LOST_ON_PURPOSE = 7;
/** One runner: a start costs less, and a kill hits no less. */
const FLAGS = ['--runners', '1'];

/** What became of everything that was acknowledged, once nothing is left to be done. */
async function ends(data: string, acknowledged: readonly Acknowledged[]): Promise<Map<string, TaskShown>> {
  const server = await Server.start({ data });
  const client = new Client(server.url);
  await untilQuiet(server, client);
  const shown = new Map<string, TaskShown>();
  const until = performance.now() + PATIENCE_MS;
  let left = acknowledged.map(({ id }) => id);
  while (left.length > 0 && performance.now() < until) {
    await Promise.all(left.map(async (id) => shown.set(id, await client.get(id))));
    // A server that is busy may tell no more than that it has accepted a task; one that is lost never ends.
    left = left.filter((id) => {
      const task = shown.get(id);
      return !task || !hasEnded(task);
    });
  }
  expect(await server.stop()).toBe(0);
  return shown;
}

function lost(shown: Map<string, TaskShown>): string[] {
  return [...shown].filter(([, task]) => !hasEnded(task)).map(([id]) => id);
}

test(
  'every 202 is there after 20 kills under a write load, and comes to one end',
  { timeout: 180_000 },
  async () => {
    const data = temporaryFolder();
    const load = new WriteLoad();
    const random = seededRandom(20);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const server = await Server.start({ data, flags: FLAGS });
      const count = random.bytes(1)[0] ?? 0;
      await load.run(server.url, count % MOST_PER_ROUND, () => server.kill());
    }
    const first = await ends(data, load.acknowledged);
    const again = await ends(data, load.acknowledged);

    expect(lost(first)).toEqual([]);
    expect(again).toEqual(first);
    const tasks = [...new Map([...first.values()].map((task) => [task.id, task])).values()];
    const failed = tasks.filter(({ status }) => status !== 'succeeded');
    // None of them has brought the server down.
    expect(failed).toEqual([]);
    for (const [key, ids] of load.idsByKey) {
      expect([key, new Set(ids.map((id) => first.get(id)?.id)).size]).toEqual([key, 1]);
    }
    const repeated = load.acknowledged.length - tasks.length;
    const interrupted = tasks.filter(({ interruptions = 0 }) => interruptions > 0).length;
    process.stdout.write(
      `${KILLS} kills, ${load.acknowledged.length} acknowledged, ${repeated} of them repetitions, ${tasks.length} tasks: ` +
        `all succeeded; ${interrupted} were running at a kill\n`,
    );
    expect(tasks.length).toBeGreaterThan(KILLS);
    expect(repeated).toBeGreaterThan(0);
    expect(interrupted).toBeGreaterThan(0);

    // The check sees what is missing.
    const rows = openConnection(join(data, 'sluice.db'), 1000);
    rows.exec(
      `DELETE FROM task WHERE number IN (SELECT number FROM task ORDER BY number LIMIT ${LOST_ON_PURPOSE})`,
    );
    rows.close();
    const missing = await ends(data, load.acknowledged);
    expect(new Set(lost(missing).map((id) => first.get(id)?.id)).size).toBe(LOST_ON_PURPOSE);
  },
);
