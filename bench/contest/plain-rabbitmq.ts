import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rabbitmq, type RabbitmqOptions } from '../../src/cluster/engines/rabbitmq.ts';
import type { Member } from '../../src/cluster/member.ts';

/** Its name service is a process of ours, and the other port is on loopback like the first. */
const ERLANG_ARGUMENTS = '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}';

/** The node of `options` without the settings of `sluice cluster`: as it comes, but for ports and folders of its own. */
export function plainRabbitmq(options: RabbitmqOptions): Member {
  const member = rabbitmq(options, 0);
  const file = join(options.folder, 'rabbitmq.conf');
  return {
    ...member,
    async prepare() {
      await member.prepare();
      await writeFile(file, `listeners.tcp.1 = 127.0.0.1:${member.port}\n`);
    },
    launch() {
      const { env, ...launch } = member.launch();
      const changed = {
        RABBITMQ_CONFIG_FILE: file,
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: ERLANG_ARGUMENTS,
      };
      return { ...launch, env: { ...env, ...changed } };
    },
  };
}
