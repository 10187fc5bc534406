import { httpRequest, openLoad } from './load.ts';
import type { Figures } from './main.ts';
import { pinLoad, type PinnedServer, startServer } from './pinned-server.ts';
import { median, round } from './statistics.ts';
import { withFolder } from './temporary-folder.ts';
import { interleave, type Window } from './windows.ts';

const CONNECTIONS = 64;
const TASKS = 1000;

/** GET of finished and of waiting tasks; against bare `node:http` that answers as many bytes. */
export function benchRead(seconds: number): Promise<Figures> {
  return withFolder(async (folder) => {
    const gateway = await startServer('gateway', [folder, String(TASKS), String(TASKS)]);
    const bare = await startServer('bare');
    await pinLoad();
    const contenders = [
      { server: gateway, load: await openLoad(gateway.port, CONNECTIONS, gets(gateway, 'finishedIds'), 200) },
      { server: gateway, load: await openLoad(gateway.port, CONNECTIONS, gets(gateway, 'waitingIds'), 200) },
      { server: bare, load: await openLoad(bare.port, CONNECTIONS, [httpRequest('GET', '/')], 200) },
    ];
    const [finished = [], waiting = [], plain = []] = await interleave(contenders, seconds);
    for (const { load } of contenders) load.close();
    await Promise.all([gateway.stop(), bare.stop()]);
    return {
      ratioToBareFinished: ratio(finished, plain),
      ratioToBareWaiting: ratio(waiting, plain),
      ratioToBare: Math.min(ratio(finished, plain), ratio(waiting, plain)),
      finishedPerSecond: round(median(finished.map(({ perSecond }) => perSecond))),
      waitingPerSecond: round(median(waiting.map(({ perSecond }) => perSecond))),
      barePerSecond: round(median(plain.map(({ perSecond }) => perSecond))),
      finishedCpuUs: round(median(finished.map(({ allUs }) => allUs))),
      waitingCpuUs: round(median(waiting.map(({ allUs }) => allUs))),
      bareCpuUs: round(median(plain.map(({ allUs }) => allUs))),
    };
  });
}

function gets({ hello }: PinnedServer, name: string): Buffer[] {
  return (hello[name] as string[]).map((id) => httpRequest('GET', `/v1/tasks/${id}`));
}

function ratio(ours: readonly Window[], theirs: readonly Window[]): number {
  return round(median(ours.map(({ perSecond }, index) => perSecond / (theirs[index]?.perSecond ?? 0))));
}
