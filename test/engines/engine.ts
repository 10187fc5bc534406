import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { MemberProcess } from '../../src/cluster/member-process.ts';
import { postgres, postgresUrl } from '../../src/cluster/engines/postgres.ts';
import { epmd, rabbitmq, type RabbitmqOptions } from '../../src/cluster/engines/rabbitmq.ts';
import { redis } from '../../src/cluster/engines/redis.ts';
import type { Member } from '../../src/cluster/member.ts';
import { freePort } from './free-port.ts';

// Engines for the tests of the drivers: each test file has processes, ports and folders of its own.

const READY_MS = 120_000;

/** A process of an engine, from before the first test of the file to after the last. */
export interface Engine {
  readonly url: string;
  readonly processes: readonly MemberProcess[];
}

/** @param args of the server's command line, beside those that every Redis of ours has */
export function useRedis(args: readonly string[] = []): Engine {
  return useEngine(async (folder) => {
    const port = await freePort();
    const member = redis({ name: 'redis', folder, port });
    return { url: `redis://127.0.0.1:${port}`, members: [withArgs(member, args)] };
  });
}

/** @param args of the server's command line, such as `-c fsync=off` */
export function usePostgres(args: readonly string[] = []): Engine {
  return useEngine(async (folder) => {
    const port = await freePort();
    const password = randomBytes(12).toString('hex');
    const member = postgres({ name: 'postgres', folder, port, password });
    return { url: postgresUrl(port, password), members: [withArgs(member, args)] };
  });
}

export function useRabbitmq(nodes: number): Engine {
  return useEngine(async (folder) => {
    const options: RabbitmqOptions = {
      folder,
      epmdPort: await freePort(),
      cookie: randomBytes(12).toString('hex'),
      nodes: await Promise.all(
        Array.from({ length: nodes }, async () => ({
          port: await freePort(),
          distributionPort: await freePort(),
        })),
      ),
    };
    const hosts = options.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return {
      url: `amqp://guest:guest@${hosts}`,
      members: [epmd(options), ...options.nodes.map((_node, index) => rabbitmq(options, index))],
    };
  });
}

function withArgs(member: Member, args: readonly string[]): Member {
  return {
    ...member,
    launch: () => {
      const { args: usual, ...launch } = member.launch();
      return { ...launch, args: [...usual, ...args] };
    },
  };
}

interface Plan {
  readonly url: string;
  readonly members: readonly Member[];
}

function useEngine(plan: (folder: string) => Promise<Plan>): Engine {
  const engine: { url: string; processes: MemberProcess[] } = { url: '', processes: [] };
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
    // PostgreSQL runs as another account, which has to get through to its own folder.
    chmodSync(folder, 0o711);
    const { url, members } = await plan(folder);
    engine.url = url;
    engine.processes = members.map((member) => new MemberProcess(member, join(folder, `${member.name}.log`)));
    for (const process of engine.processes) await process.start();
    await Promise.all(engine.processes.map((process) => process.ready(READY_MS)));
  }, READY_MS);
  afterAll(async () => {
    // The name service last: nodes look each other up in it.
    await Promise.all(engine.processes.slice(1).map((process) => process.kill()));
    await engine.processes[0]?.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return engine;
}
