import { parseArgs } from 'node:util';
import { benchAccept } from './accept.ts';
import { benchAmqpClients } from './amqp-clients.ts';
import { benchBacklog } from './backlog.ts';
import { benchDrain } from './drain.ts';
import { benchClusterAccept } from './cluster/accept.ts';
import { benchClusterDrain } from './cluster/drain.ts';
import { benchClusterRead } from './cluster/read.ts';
import { benchPeers } from './peers.ts';
import { benchRead } from './read.ts';
import { type Comparison, printRows } from './rows.ts';

/** Figures of one bench, by name. */
export type Figures = Readonly<Record<string, number>>;

const BENCHES: Readonly<Record<string, (seconds: number) => Promise<Figures | Comparison>>> = {
  accept: benchAccept,
  read: benchRead,
  drain: benchDrain,
  backlog: benchBacklog,
  'amqp-clients': benchAmqpClients,
  peers: benchPeers,
};

/** With `--topology cluster`. */
const CLUSTER_BENCHES: typeof BENCHES = {
  accept: benchClusterAccept,
  read: benchClusterRead,
  drain: benchClusterDrain,
};

const USAGE = `Usage: npm run bench -- <${Object.keys(BENCHES).join('|')}> [--seconds n] [--json]
       npm run bench -- <${Object.keys(CLUSTER_BENCHES).join('|')}> --topology cluster [--seconds n] [--json]`;
const DEFAULT_SECONDS = '20';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: DEFAULT_SECONDS },
      json: { type: 'boolean', default: false },
      topology: { type: 'string', default: 'embedded' },
    },
  });
  const [name = ''] = positionals;
  const bench = { embedded: BENCHES, cluster: CLUSTER_BENCHES }[values.topology]?.[name];
  const seconds = Number(values.seconds);
  if (!bench || !(seconds > 0)) {
    console.error(USAGE);
    return 2;
  }
  const figures = await bench(seconds);
  if (values.json) console.log(JSON.stringify({ bench: name, topology: values.topology, ...figures }));
  else if (typeof figures.rows === 'object') printRows(figures.rows);
  else console.table(figures);
  return 0;
}

process.exitCode = await main();
