import type { RunningCluster } from '../cluster/running-cluster.ts';

/** The sum of a metric of one process, over the series whose labels contain `labels`. */
export async function scrape(
  cluster: RunningCluster,
  member: string,
  metric: string,
  labels = '',
): Promise<number> {
  const { port } = await cluster.member(member);
  // A gateway is known by the port of its API, which the one of its metrics follows.
  const metricsPort = member.startsWith('gateway') ? port + 1 : port;
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => new RegExp(`^${metric}[{ ]`).test(line));
  return lines
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
