import { resolve } from 'node:path';
import { ControlClient } from '../../cluster/control-client.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';

export const clusterDown = command({
  name: 'cluster down',
  what: 'End the cluster that runs on this machine. What it keeps stays in its folder.',
  args: CLUSTER_ARGS,
  run: async (args, terminal) => {
    await new ControlClient(resolve(args.data)).down();
    terminal.say('The cluster ends.');
  },
});
