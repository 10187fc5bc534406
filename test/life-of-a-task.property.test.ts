import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lifeSteps } from './life/life-steps.ts';
import { usePostgres } from './engines/engine.ts';
import { unavailable } from './packages/unavailable.ts';
import { embeddedEngines, type LifeEngines, postgresEngines } from './life/life-engines.ts';
import { LifeSystem } from './life/life-system.ts';

const RUNS = 60;
/** A slow machine gets fewer runs, not a failure. */
const TIME_LIMIT_MS = 40_000;

function lives(open: () => Promise<LifeEngines>): fc.IAsyncProperty<unknown> {
  return fc.asyncProperty(fc.commands(lifeSteps, { maxCommands: 80, size: 'max' }), async (steps) => {
    const system = await LifeSystem.open(await open());
    try {
      await fc.asyncModelRun(() => ({ model: { accepted: 0, months: 0 }, real: system }), steps);
      await system.drain();
      expect(await system.unfinished()).toEqual([]);
    } finally {
      await system.close();
    }
  });
}

/**
 * DESIGN §4 in one sentence each: a task has one end, which never changes; none is lost; none runs after its end; runs
 * rise and no run is permitted twice; every change is one transition of the table and one version.
 */
describe('the life of a task', () => {
  const options = { numRuns: RUNS, interruptAfterTimeLimit: TIME_LIMIT_MS };

  it('comes to one end and loses nothing, whatever happens in whatever order', async () => {
    await expect(fc.assert(lives(embeddedEngines), options)).resolves.toBeUndefined();
  });

  describe.skipIf(unavailable('postgresql'))('on PostgreSQL', () => {
    const engine = usePostgres();

    it('comes to one end and loses nothing, whatever happens in whatever order', async () => {
      await expect(
        fc.assert(
          lives(() => postgresEngines(engine)),
          options,
        ),
      ).resolves.toBeUndefined();
    });
  });
});
