import type { Examination } from '../../core/examination.ts';
import { correctIt, type EngineSetting, startIt } from './engine.ts';
import { type Finding, fail, look, ok } from './check.ts';

/** Whether cache or signals answer, and do what is needed of them. */
export async function checkRedis(
  subject: 'cache' | 'signals',
  { url, from }: EngineSetting,
): Promise<readonly Finding[]> {
  const found = await look(subject, correctIt(from), async () => {
    const { examineCache, examineSignals } = await import('../../engines.ts');
    const examine = subject === 'cache' ? examineCache : examineSignals;
    return redisFinding(subject, await examine(url), from);
  });
  return [found];
}

function redisFinding(subject: string, found: Examination, from: string): Finding {
  switch (found.kind) {
    case 'answers':
      return ok(subject, `${found.server} does what is needed`);
    case 'away':
      return fail(subject, found.reason, startIt('Redis', from));
    case 'refuses':
      return fail(subject, found.reason, correctIt(from));
  }
}
