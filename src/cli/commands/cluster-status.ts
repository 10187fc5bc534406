import { resolve } from 'node:path';
import { ControlClient } from '../../cluster/control-client.ts';
import { memberLines } from '../cluster/member-table.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';

export const clusterStatus = command({
  name: 'cluster status',
  what: 'Show the members of the cluster that runs on this machine.',
  args: CLUSTER_ARGS,
  run: async (args, terminal) => {
    const members = await new ControlClient(resolve(args.data)).members();
    if (terminal.json) terminal.data(JSON.stringify(members));
    else for (const line of memberLines(members, terminal)) terminal.data(line);
  },
});
