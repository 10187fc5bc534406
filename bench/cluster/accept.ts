import { INPUT } from '../engines.ts';
import { httpRequest, openLoad } from '../load.ts';
import type { LoadResult } from '../load-window.ts';
import type { Figures } from '../main.ts';
import { round } from '../statistics.ts';
import { BarePublisher } from './bare-publisher.ts';
import { keepBusy } from './keep-busy.ts';
import { cores, cpuFigures, cpuRatio, inTurn, medianOf, ratio } from './rounds.ts';
import { type MeasuredCluster, withCluster } from './measured-cluster.ts';
import { publishersAtLeader } from './publishers-at-leader.ts';

const CONNECTIONS = 128;
/** So many that no node is ever without work. */
const LIMIT_IN_FLIGHT = 1024;
const TURN_MS = 2000;
/** Where the gateways put the tasks. */
export const QUEUE = 'sluice.default.normal.0';

const ACCEPTED = /^sluice_accepted_total\{.*\} (\d+)$/m;

/**
 * POST of 1 KiB through the load balancer, with no worker running; against a bare client that has as many messages of the
 * same bytes unconfirmed at a time, in the same queue, and against one that has so many that the engine never waits for
 * it. The queue is emptied after each turn.
 */
export function benchClusterAccept(seconds: number): Promise<Figures> {
  return withCluster(async (cluster) => {
    await cluster.command('kill', 'worker');
    const post = [httpRequest('POST', '/v1/tasks/noop', INPUT)];
    const load = await openLoad(cluster.port, CONNECTIONS, post, 202);
    const bare = await BarePublisher.open(cluster.env['SLUICE_QUEUE_URL'] ?? '', QUEUE);
    await load.run(0);
    const body = await bare.take();
    const clear = (): Promise<void> => bare.purge();
    const publish = (inFlight: number): Promise<LoadResult> =>
      keepBusy({ inFlight, ms: TURN_MS }, () => bare.publish(body));
    const [ours = [], engine = [], limit = []] = await inTurn(
      cluster,
      [
        { turn: () => load.run(TURN_MS), clear },
        { turn: () => publish(CONNECTIONS), clear },
        { turn: () => publish(LIMIT_IN_FLIGHT), clear },
      ],
      { seconds, turnMs: TURN_MS },
    );
    const drawn = await publishersAtLeader(cluster, QUEUE);
    load.close();
    await bare.close();
    return {
      ratioToEngine: ratio(ours, engine),
      ratioToEngineLimit: ratio(ours, limit),
      cpuRatioToEngine: cpuRatio(ours, engine),
      acceptedPerSecond: medianOf(ours, ({ perSecond }) => perSecond),
      enginePerSecond: medianOf(engine, ({ perSecond }) => perSecond),
      engineLimitPerSecond: medianOf(limit, ({ perSecond }) => perSecond),
      p50Ms: medianOf(ours, ({ p50Ms }) => p50Ms),
      p99Ms: medianOf(ours, ({ p99Ms }) => p99Ms),
      engineP50Ms: medianOf(engine, ({ p50Ms }) => p50Ms),
      engineP99Ms: medianOf(engine, ({ p99Ms }) => p99Ms),
      ...cpuFigures(ours, ['balancer', 'gateway', 'queue', 'worker', 'database', 'cache', 'client']),
      ...cpuFigures(engine, ['queue', 'client'], 'engine'),
      ...cpuFigures(limit, ['queue', 'client'], 'engineLimit'),
      engineClientCores: cores(engine, 'client'),
      engineLimitClientCores: cores(limit, 'client'),
      ...(await gatewayShares(cluster)),
      ...drawn,
      connections: CONNECTIONS,
      limitInFlight: LIMIT_IN_FLIGHT,
      messageBytes: body.length,
      rounds: ours.length,
    };
  });
}

/** What each gateway has accepted of all. */
async function gatewayShares(cluster: MeasuredCluster): Promise<Figures> {
  const accepted = await cluster.samples('gateway', ACCEPTED);
  const all = accepted.reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(accepted.map((count, at) => [`gateway${at + 1}Share`, round(count / all)]));
}
