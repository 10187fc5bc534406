import { describe, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { openMemorySignals } from '../../src/signals/memory/memory-signals.ts';
import { signalsConformance } from '../../src/testing/signals-conformance.ts';

signalsConformance({ describe, it }, 'memory', () => ({
  signals: openMemorySignals({ logger: silentLogger }),
}));
