import { expect, it } from 'vitest';
import { SluiceError } from '../src/core/errors.ts';
import { starting } from '../src/starting.ts';

it('tells why a start failed, whatever its end brings up', async () => {
  const ended: string[] = [];
  const started = starting(async (shutdown) => {
    shutdown.add(async () => void ended.push('first'));
    shutdown.add(() => Promise.reject(new SluiceError('SLUICE_SPOOL_LEFT', { count: 3, folder: 'spool' })));
    throw new SluiceError('SLUICE_KEYS_INVALID', { path: 'keys', reason: 'it is empty' });
  });
  await expect(started).rejects.toMatchObject({ code: 'SLUICE_KEYS_INVALID' });
  expect(ended).toEqual(['first']);
});

it.each([
  ['SLUICE_QUEUE_UNAVAILABLE', 'queue'],
  ['SLUICE_DATABASE_UNAVAILABLE', 'database'],
] as const)('tells of %s as of an engine that does not answer', async (code, engine) => {
  const away = new SluiceError(code, { reason: 'refused' });
  await expect(starting(() => Promise.reject(away))).rejects.toMatchObject({
    code: 'SLUICE_ENGINE_UNREACHABLE',
    message: expect.stringContaining(`The ${engine} can not be reached: refused.`) as string,
    cause: away,
  });
});
