import { resolve } from 'node:path';
import { endCluster } from '../cluster/end-cluster.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';

export const clusterDown = command({
  name: 'cluster down',
  what: 'End the cluster that runs on this machine. What it keeps stays in its folder.',
  args: CLUSTER_ARGS,
  run: async (args, terminal) => {
    const ended = await endCluster(resolve(args.data));
    if (terminal.json) terminal.data(JSON.stringify({ ended }));
    else terminal.say(`The cluster has ended: ${ended.join(', ') || 'none of its members ran'}.`);
  },
});
