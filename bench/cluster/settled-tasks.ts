import type { MeasuredCluster } from './measured-cluster.ts';

const SUCCEEDED = /^sluice_settled_total\{.*outcome="succeeded".*\} (\d+)$/m;

/** How many tasks the workers have seen succeed since they were started. */
export async function succeeded(cluster: MeasuredCluster): Promise<number> {
  const counts = await cluster.samples('worker', SUCCEEDED);
  return counts.reduce((sum, count) => sum + count, 0);
}
