import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../../cluster/cluster.ts';
import { messageOf, SluiceError } from '../../core/errors.ts';

interface Listener {
  readonly name: string;
  readonly port: number;
}

/** What of a topology says how it is, and the cluster that runs it. */
export interface Whole {
  readonly gateways: readonly Listener[];
  readonly workers: readonly Listener[];
  readonly balancer: Listener;
  readonly cluster: Pick<Cluster, 'members' | 'lastWords'>;
}

interface Missing {
  readonly name: string;
  readonly reason: string;
}

/** What `/readyz` of a gateway says of the engines. */
const ENGINES = ['queue', 'database', 'cache'] as const;

const READY_MS = 60_000;
const LOOK_EVERY_MS = 200;
const ANSWER_MS = 2000;

/**
 * Resolves when all members are up, each gateway finds every engine, each worker takes tasks, and the load balancer has a
 * gateway answer a request; all of it at once.
 * @throws SluiceError `SLUICE_MEMBER_FAILED`, naming the member that says otherwise; the reason of `signal`
 */
export async function untilWhole(whole: Whole, signal: AbortSignal): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    const missing = await whatIsMissing(whole);
    if (!missing) return;
    if (performance.now() > until) {
      const log = whole.cluster.lastWords(missing.name);
      throw new SluiceError('SLUICE_MEMBER_FAILED', { ...missing, log });
    }
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function whatIsMissing({ gateways, workers, balancer, cluster }: Whole): Promise<Missing | undefined> {
  const down = cluster.members.find(({ state }) => state !== 'up');
  if (down) return { name: down.name, reason: `it is ${down.state}` };
  const found = await Promise.all([
    ...[...gateways, balancer].map((gateway) => examine(gateway, refuseUnwell)),
    ...workers.map((worker) => examine(worker)),
  ]);
  return found.find((each) => each !== undefined);
}

/** What the member lacks, by its own word. */
async function examine(
  { name, port }: Listener,
  refuse: (report: Report) => void = () => undefined,
): Promise<Missing | undefined> {
  try {
    const url = `http://127.0.0.1:${port}/readyz`;
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    refuse((await response.json()) as Report);
    return undefined;
  } catch (error) {
    return { name, reason: messageOf(error) };
  }
}

type Report = Partial<Record<(typeof ENGINES)[number], { readonly ok?: boolean; readonly reason?: string }>>;

function refuseUnwell(report: Report): void {
  const engine = ENGINES.find((each) => report[each]?.ok !== true);
  if (engine) throw new Error(`it does not reach the ${engine}: ${report[engine]?.reason ?? 'no answer'}`);
}
