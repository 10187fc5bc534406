import { resolve } from 'node:path';
import { clusterTasks } from '../cluster/cluster-tasks.ts';
import { LiveTable } from '../cluster/live-table.ts';
import { runCluster } from '../cluster/run-cluster.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';
import { configureServer, TASKS_ARG } from '../configuration/setting-args.ts';
import { SETTINGS } from '../configuration/settings.ts';
import { tasksPath } from '../configuration/tasks-path.ts';
import { askedToStop } from '../server/stop-signals.ts';

const GRACE_MS = 60_000;

export const clusterUp = command({
  name: 'cluster up',
  what: 'Run the production topology on this machine, from the programs that are installed on it, until Ctrl-C.',
  args: {
    ...TASKS_ARG,
    ...CLUSTER_ARGS,
    port: {
      type: 'string',
      default: '7070',
      valueHint: 'NUMBER',
      description: 'Of the load balancer; the others follow it.',
    },
    spool: {
      type: 'boolean',
      default: false,
      description: 'Let the gateways keep on disk what the queue does not confirm in time.',
    },
  },
  run: async (args, terminal) => {
    const { values } = await configureServer({ tasks: args.tasks });
    const folder = resolve(args.data);
    const stopping = askedToStop(terminal, GRACE_MS);
    const tasks = await clusterTasks(tasksPath(values.tasks), folder);
    const table = new LiveTable(terminal);
    const run = await runCluster({
      folder,
      tasks,
      port: SETTINGS.port.parse(args.port, '--port'),
      spool: args.spool,
      onChange: (members) => table.show(members),
    });
    const { members } = run.cluster;
    if (terminal.json) terminal.data(JSON.stringify({ url: run.url, members }));
    else terminal.say(`\n  The cluster is ready at ${terminal.paint('cyan', run.url)}`);
    await Promise.race([stopping, run.downRequested]);
    await run.close();
  },
});
