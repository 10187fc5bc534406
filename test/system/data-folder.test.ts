import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Client } from './client.ts';
import { runToEnd, Server, temporaryFolder } from './server.ts';
import { NO_STRACE } from './strace.ts';

const ENGINE_UNAVAILABLE = 8;

test('a data folder in use is left alone, and free as soon as its holder is killed', async () => {
  const data = temporaryFolder();
  const first = await Server.start({ data });
  const client = new Client(first.url);
  const before = await client.accept('echo', 'before');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { code, said } = await runToEnd({ data });
    expect(code).toBe(ENGINE_UNAVAILABLE);
    const { code: name, detail } = JSON.parse(said) as { code: string; detail: string };
    expect(name).toBe('SLUICE_DATA_LOCKED');
    expect(detail).toContain(`(process ${first.pid})`);
  }
  const after = await client.accept('echo', 'after');
  expect((await client.end(before)).result).toBe('before');
  expect((await client.end(after)).result).toBe('after');
  await first.kill();
  const second = new Client((await Server.start({ data })).url);
  expect((await second.get(before)).result).toBe('before');
  expect((await second.get(after)).result).toBe('after');
});

test.skipIf(NO_STRACE).each(['ENOSYS', 'EOPNOTSUPP'])(
  'a file system without locks (%s) is told from a folder in use',
  async (error) => {
    const before = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=fcntl'];
    const data = temporaryFolder();
    const lockless = await runToEnd({
      data,
      before: [...before, '-e', `inject=fcntl:error=${error}`, '-P', join(data, 'lock.db')],
    });
    expect(lockless.said).toContain('SLUICE_DATA_UNLOCKABLE');
    expect(lockless.code).toBe(ENGINE_UNAVAILABLE);
    const traced = await Server.start({ data, before });
    expect(await traced.stop()).toBe(0);
  },
);

test("the secret of the folder is its owner's only, and the ids it signed stay good", async () => {
  const data = temporaryFolder();
  const first = await Server.start({ data });
  const id = await new Client(first.url).accept('echo', 1);
  await new Client(first.url).end(id);
  expect(await first.stop()).toBe(0);
  const secret = join(data, 'secret');
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  chmodSync(secret, 0o644);
  const second = await Server.start({ data });
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  expect((await new Client(second.url).get(id)).status).toBe('succeeded');
  const foreign = await Server.start({ data: temporaryFolder() });
  await expect(new Client(foreign.url).get(id)).rejects.toThrow('answered 404');
});
