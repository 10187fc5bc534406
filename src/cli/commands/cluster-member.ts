import { resolve } from 'node:path';
import type { CommandDef } from 'citty';
import { type Command, ControlClient } from '../../cluster/control-client.ts';
import { writeMembers } from '../cluster/member-table.ts';
import { command } from '../command.ts';
import { CLUSTER_ARGS } from '../configuration/cluster-args.ts';

export const clusterKill = memberCommand(
  'kill',
  'Kill a member as kill -9 does; it stays dead until it is healed.',
);
export const clusterPause = memberCommand(
  'pause',
  'Stop a member in the middle of what it does; its connections stay open.',
);
export const clusterHeal = memberCommand('heal', 'Let a paused member go on, or start one that is dead.');

function memberCommand(act: Command, what: string): CommandDef {
  return command({
    name: `cluster ${act}`,
    what,
    args: {
      member: {
        type: 'positional',
        required: true,
        description: 'Name of the member; see "sluice cluster status".',
      },
      ...CLUSTER_ARGS,
    },
    run: async (args, terminal) => {
      writeMembers(await new ControlClient(resolve(args.data)).command(act, args.member), terminal);
    },
  });
}
