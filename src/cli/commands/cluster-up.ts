import { resolve } from 'node:path';
import { MEMBER_GRACE_MS, type MemberSettings } from '../../cluster/topology.ts';
import { clusterTasks } from '../cluster/cluster-tasks.ts';
import { LiveTable } from '../cluster/live-table.ts';
import { runCluster } from '../cluster/run-cluster.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';
import { configureServer, TASKS_ARG } from '../configuration/setting-args.ts';
import { SETTINGS, type SettingValues } from '../configuration/settings.ts';
import { tasksPath } from '../configuration/tasks-path.ts';
import { EXIT } from '../exit-code.ts';
import { askedToStop } from '../server/stop-signals.ts';

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
    const folder = resolve(args.data);
    const table = new LiveTable(terminal, process.stderr);
    const { say, paint } = table.terminal;
    // Where nobody looks on any more, the members are still to be ended properly.
    process.stderr.on('error', () => undefined);
    const stopping = askedToStop(table.terminal, MEMBER_GRACE_MS);
    const { values } = await configureServer({ tasks: args.tasks });
    const leftovers: string[] = [];
    const wasReady = await runCluster({
      folder,
      tasks: clusterTasks(tasksPath(values.tasks), folder),
      port: SETTINGS.port.parse(args.port, '--port'),
      spool: args.spool,
      settings: memberSettings(values),
      stopping,
      onChange: (members) => table.show(members),
      onLeftovers: (names) => {
        leftovers.push(...names);
        if (!terminal.json) say(`Ended what a cluster that was killed had left here: ${names.join(', ')}.`);
      },
      onReady: (url, members) => {
        if (terminal.json) terminal.data(JSON.stringify({ url, members, leftovers }));
        else say(`\n  The cluster is ready at ${paint('cyan', url)}`);
      },
    });
    // Tasks that are still being built would keep whoever stopped it waiting.
    if (!wasReady) process.exit(EXIT.interrupted);
  },
});

function memberSettings({ concurrency, runners, logLevel }: SettingValues): MemberSettings {
  return { concurrency, logLevel, ...(runners === undefined ? {} : { runners }) };
}
