import { INPUT } from './engines.ts';
import { httpRequest, openLoad } from './load.ts';
import type { Figures } from './main.ts';
import { pinLoad, startServer } from './pinned-server.ts';
import { median, round } from './statistics.ts';
import { withFolder } from './temporary-folder.ts';
import { interleave } from './windows.ts';

const CONNECTIONS = 64;

/** POST of 1 KiB, synced before the 202, no worker running; against bare `node:http` that parses the same body. */
export function benchAccept(seconds: number): Promise<Figures> {
  return withFolder(async (folder) => {
    const gateway = await startServer('gateway', [folder]);
    const bare = await startServer('bare');
    await pinLoad();
    const post = [httpRequest('POST', '/v1/tasks/noop', INPUT)];
    const loads = {
      gateway: await openLoad(gateway.port, CONNECTIONS, post, 202),
      bare: await openLoad(bare.port, CONNECTIONS, post, 202),
    };
    const [ours = [], theirs = []] = await interleave(
      [
        { server: gateway, load: loads.gateway },
        { server: bare, load: loads.bare },
      ],
      seconds,
    );
    loads.gateway.close();
    loads.bare.close();
    await Promise.all([gateway.stop(), bare.stop()]);
    return {
      ratioToBare: round(
        median(ours.map(({ perSecond }, index) => perSecond / (theirs[index]?.perSecond ?? 0))),
      ),
      acceptedPerSecond: round(median(ours.map(({ perSecond }) => perSecond))),
      barePerSecond: round(median(theirs.map(({ perSecond }) => perSecond))),
      p50Ms: round(median(ours.map(({ p50Ms }) => p50Ms))),
      p99Ms: round(median(ours.map(({ p99Ms }) => p99Ms))),
      gatewayCpuUs: round(median(ours.map(({ mainUs }) => mainUs))),
      writerCpuUs: round(median(ours.map(({ busiestUs }) => busiestUs))),
      allCpuUs: round(median(ours.map(({ allUs }) => allUs))),
      bareCpuUs: round(median(theirs.map(({ allUs }) => allUs))),
    };
  });
}
