import { openMemoryCache } from '../../src/cache/memory/memory-cache.ts';
import { systemClock } from '../../src/core/clock.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { compileManifest } from '../../src/manifest/compiled-manifest.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { openMemorySignals } from '../../src/signals/memory/memory-signals.ts';
import { NOOP_MANIFEST, openEngines, RETENTION } from '../engines.ts';
import { seedFinished, seedWaiting } from '../seed.ts';

// A gateway on the embedded engines with no worker: args are the data folder and how many tasks to have finished and
// waiting when it is ready.

const [folder = '', finished = '0', waiting = '0'] = process.argv.slice(2);
const engines = await openEngines(folder);
const finishedIds = await seedFinished(engines, Number(finished));
const waitingIds = await seedWaiting(engines, Number(waiting));
const compiled = compileManifest(NOOP_MANIFEST);
const gateway = await createGateway({
  ...engines,
  cache: openMemoryCache({ clock: systemClock }),
  signals: openMemorySignals({ logger: silentLogger }),
  manifest: () => compiled,
  clock: systemClock,
  limits: DEFAULT_LIMITS,
  retention: RETENTION,
  logger: silentLogger,
  metrics: new Metrics(),
});
const { port } = await gateway.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ port, finishedIds, waitingIds }));

process.on('SIGTERM', () => {
  void (async () => {
    await gateway.close(1000);
    await engines.close();
    process.exit(0);
  })();
});
