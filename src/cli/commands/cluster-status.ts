import { resolve } from 'node:path';
import { ControlClient } from '../../cluster/control-client.ts';
import { writeMembers } from '../cluster/member-table.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';

export const clusterStatus = command({
  name: 'cluster status',
  what: 'Show the members of the cluster that runs on this machine.',
  args: CLUSTER_ARGS,
  run: async (args, terminal) => {
    writeMembers(await new ControlClient(resolve(args.data)).members(), terminal);
  },
});
