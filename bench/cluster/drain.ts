import { systemClock } from '../../src/core/clock.ts';
import { encodeMessage } from '../../src/core/message.ts';
import { systemRandom } from '../../src/core/random.ts';
import { TaskIds } from '../../src/core/task-id.ts';
import { noopMessage } from '../engines.ts';
import type { Figures } from '../main.ts';
import { QUEUE } from './accept.ts';
import { BarePublisher } from './bare-publisher.ts';
import { BareWorkers } from './bare-workers.ts';
import { cpuFigures, cpuRatio, inTurn, medianOf, ratio, type Turn } from './rounds.ts';
import { type MeasuredCluster, withCluster } from './measured-cluster.ts';
import { succeeded } from './settled-tasks.ts';
import { until } from './until.ts';

const TASKS = 5000;
/** About what a turn takes, for the number of rounds. */
const TURN_MS = 4000;
/** A scrape makes the worker ask the queue how deep it is. */
const SCRAPE_EVERY_MS = 100;
/** As the queue of the tasks, and nobody else is at it. */
const BARE_QUEUE = 'bench';

/**
 * 5,000 waiting tasks that do nothing, from the moment the two workers, frozen while the queue is filled, go on to the
 * last task's end; against bare clients that consume, insert, acknowledge and update as many.
 */
export function benchClusterDrain(seconds: number): Promise<Figures> {
  return withCluster(async (cluster) => {
    const queueUrl = cluster.env['SLUICE_QUEUE_URL'] ?? '';
    const databaseUrl = cluster.env['SLUICE_DATABASE_URL'] ?? '';
    const ids = new TaskIds([cluster.env['SLUICE_SECRET'] ?? ''], systemClock, systemRandom);
    const tasks = await BarePublisher.open(queueUrl, QUEUE);
    const messages = await BarePublisher.open(queueUrl, BARE_QUEUE);
    const workers = await BareWorkers.open({ queueUrl, databaseUrl, queue: BARE_QUEUE });
    const bodies = (): Buffer[] =>
      Array.from({ length: TASKS }, () => Buffer.from(encodeMessage(noopMessage(ids))));
    let before = 0;
    const [ours = [], engine = []] = await inTurn(
      cluster,
      [
        {
          async prepare() {
            const ready = bodies();
            before = await succeeded(cluster);
            // Shorter than it takes the queue to give up a consumer that is frozen.
            await cluster.command('pause', 'worker');
            await publishAll(tasks, ready);
          },
          turn: () => timed(() => drain(cluster, before + TASKS)),
        },
        {
          prepare: () => publishAll(messages, bodies()),
          turn: () => timed(() => workers.drain(TASKS)),
        },
      ],
      { seconds, turnMs: TURN_MS },
    );
    await Promise.all([tasks.close(), messages.close(), workers.close()]);
    return {
      ratioToEngine: ratio(ours, engine),
      cpuRatioToEngine: cpuRatio(ours, engine),
      tasksPerSecond: medianOf(ours, ({ perSecond }) => perSecond),
      enginePerSecond: medianOf(engine, ({ perSecond }) => perSecond),
      ...cpuFigures(ours, ['balancer', 'gateway', 'queue', 'worker', 'database', 'cache', 'client']),
      ...cpuFigures(engine, ['queue', 'database', 'client'], 'engine'),
      rounds: ours.length,
    };
  });
}

async function publishAll(publisher: BarePublisher, bodies: readonly Buffer[]): Promise<void> {
  await Promise.all(bodies.map((body) => publisher.publish(body)));
}

async function timed(work: () => Promise<void>): Promise<Turn> {
  const start = performance.now();
  await work();
  return { requests: TASKS, perSecond: (TASKS / (performance.now() - start)) * 1000 };
}

/** Lets the workers go on, until so many tasks have succeeded. */
async function drain(cluster: MeasuredCluster, tasks: number): Promise<void> {
  await cluster.command('heal', 'worker');
  await until(async () => (await succeeded(cluster)) >= tasks, SCRAPE_EVERY_MS);
}
