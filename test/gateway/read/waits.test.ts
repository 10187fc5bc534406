import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/logger.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { TaskIds } from '../../../src/core/task-id.ts';
import { Lookups } from '../../../src/gateway/read/lookups.ts';
import { QuickCache } from '../../../src/gateway/read/quick-cache.ts';
import { TaskReader } from '../../../src/gateway/read/task-reader.ts';
import { Waits } from '../../../src/gateway/read/waits.ts';
import { FakeCache, FakeDatabase, FakeSignals } from '../fakes.ts';
import { SECRET } from '../start-gateway.ts';

const DAY = 86_400_000;

describe('Waits', () => {
  it('hold nobody who has hung up before', async () => {
    const reader = new TaskReader({
      cache: new QuickCache(new FakeCache(), systemClock),
      lookups: new Lookups(new FakeDatabase(), systemClock, silentLogger),
      clock: systemClock,
      retention: { bodiesMs: DAY, horizonMs: DAY },
    });
    const waits = new Waits(reader, new FakeSignals(), 10);
    const id = new TaskIds([SECRET], systemClock, systemRandom).mint({
      tenant: 'default',
      task: 'resize',
      content: [],
    });
    const hungUp = AbortSignal.abort();
    const request = { id, tenant: 'default', forMs: 60_000, until: () => false, signal: hungUp };
    expect(await waits.wait(request)).toEqual({ kind: 'waiting' });
    expect(waits.open).toBe(0);
  });
});
