import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemRandom } from '../../src/core/random.ts';
import { connectRedis } from '../../src/redis/redis-connection.ts';
import { parseRedisUrl } from '../../src/redis/redis-url.ts';
import { useRedis } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { recordingLogger } from './recording-logger.ts';
import { tlsBefore } from './tls-endpoint.ts';

const PATIENCE = { timeout: 30_000 };
const PING = fileURLToPath(new URL('./ping.mjs', import.meta.url));

function open(url: string) {
  const logger = recordingLogger();
  const { address } = parseRedisUrl(url, 'the URL');
  const redis = connectRedis({ address, name: 'test', logger, random: systemRandom });
  onTestFinished(() => redis.disconnect());
  return { redis, logger };
}

describe.skipIf(unavailable('redis-server', 'openssl'))('a connection to Redis', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'a socket');
  const engine = useRedis(['--unixsocket', socket]);

  it('goes through a Unix socket', async () => {
    const { redis } = open(`unix://${socket.replaceAll(' ', '%20')}`);
    await expect.poll(() => redis.status, PATIENCE).toBe('ready');
    expect(await redis.ping()).toBe('PONG');
    expect(redis.stream.remoteAddress).toBeUndefined();
  });

  it('uses the database that the URL names, and tells the server its name', async () => {
    const { redis } = open(`${engine.url}/3`);
    await expect.poll(() => redis.status, PATIENCE).toBe('ready');
    expect(await redis.client('INFO')).toMatch(/name=sluice-test .*db=3 /);
  });

  it('uses TLS where the certificate is trusted', async () => {
    const tls = await tlsBefore(Number(new URL(engine.url).port));
    const { stdout } = await promisify(execFile)(process.execPath, [PING, `rediss://127.0.0.1:${tls.port}`], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: tls.certificate },
    });
    expect(stdout).toBe('PONG\n');
    expect(tls.received()).toBeGreaterThan(0);
  });

  it('sends nothing, and no password, where the certificate is not trusted', async () => {
    const tls = await tlsBefore(Number(new URL(engine.url).port));
    const { redis, logger } = open(`rediss://:secret@127.0.0.1:${tls.port}`);
    await expect.poll(() => logger.entries.join(), PATIENCE).toContain('self-signed certificate');
    await expect(redis.ping()).rejects.toThrow("isn't writeable");
    expect(tls.received()).toBe(0);
  });

  it('gives up a server that takes connections and never says a word, and says so once', async () => {
    let connections = 0;
    const mute = createServer(() => {
      connections++;
    });
    await new Promise<void>((resolve) => {
      mute.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void mute.close());
    const { redis, logger } = open(`redis://127.0.0.1:${(mute.address() as AddressInfo).port}`);
    await expect.poll(() => connections, PATIENCE).toBeGreaterThan(2);
    await expect(redis.ping()).rejects.toThrow("isn't writeable");
    expect(logger.entries).toEqual([expect.stringContaining('Socket timeout')]);
  });
});
