import { describe, expect, it } from 'vitest';
import { usePostgres, useRabbitmq, useRedis } from './engine.ts';
import { unavailable } from '../packages/unavailable.ts';

const missing = unavailable('redis-server', 'postgresql', 'rabbitmq-server');

describe.skipIf(missing)('the engines', () => {
  const engines = { redis: useRedis(), postgres: usePostgres(), rabbitmq: useRabbitmq(1) };

  it.each(Object.entries(engines))('%s starts, and starts again after kill -9', async (_name, engine) => {
    const process = engine.processes.at(-1);
    if (!process) throw new Error('there is no process');
    await process.kill();
    expect(process.pid).toBeUndefined();
    await expect(process.member.probe()).rejects.toBeInstanceOf(Error);
    await process.start();
    await process.ready(120_000);
    expect(process.pid).toBeGreaterThan(0);
  });
});
