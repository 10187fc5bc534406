import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import { ownSchema } from '../database/postgres/postgres-under-test.ts';
import type { Engine } from '../engines/engine.ts';
import { type Answer, Client, type Problem, type TaskShown } from '../system/client.ts';
import { type Running, serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

export const PATIENCE = { timeout: 60_000 };

/** The answer to an accepted task, or to one that was not. */
export interface Accepted extends TaskShown, Problem {
  readonly durability?: string;
}

/** A project whose gateways have a spool, with a queue and tables of its own. */
export class SpoolInstallation {
  readonly cwd: string;
  readonly env: Record<string, string>;

  private constructor(queue: Engine, database: Engine, files: Record<string, string>) {
    this.cwd = echoProject(files);
    this.env = {
      SLUICE_QUEUE_URL: `${queue.url}?prefix=test-${randomBytes(6).toString('hex')}`,
      SLUICE_DATABASE_URL: ownSchema(database),
      SLUICE_SECRET: 's'.repeat(40),
      SLUICE_SPOOL: 'spool',
      SLUICE_LOG_LEVEL: 'info',
    };
  }

  /** @param files of the project, beside those that every one has */
  static async make(
    queue: Engine,
    database: Engine,
    files: Record<string, string> = {},
  ): Promise<SpoolInstallation> {
    const made = new SpoolInstallation(queue, database, files);
    const { code, stderr } = await sluice(['build'], { cwd: made.cwd });
    assert.equal(code, 0, stderr);
    return made;
  }

  /** @param parameters added to the URL of the queue */
  async gateway(flags: readonly string[] = [], parameters = ''): Promise<SpoolingGateway> {
    const env = { ...this.env, SLUICE_QUEUE_URL: `${this.env['SLUICE_QUEUE_URL']}${parameters}` };
    const running = await serving(['gateway', 'build', '--json', ...flags], { cwd: this.cwd, env });
    return new SpoolingGateway(running);
  }

  /** Gateway and worker in one process. */
  async both(): Promise<SpoolingGateway> {
    return new SpoolingGateway(await serving(['start', 'build', '--json'], this));
  }

  worker(): Promise<Running> {
    return serving(['worker', 'build', '--json'], { cwd: this.cwd, env: this.env });
  }
}

export class SpoolingGateway {
  readonly running: Running;

  constructor(running: Running) {
    this.running = running;
  }

  get said(): string {
    return this.running.said();
  }

  post(text: string): Promise<Answer<Accepted>> {
    return new Client(this.running.url).post('echo', { text });
  }

  /** Posts so many tasks that the queue can not take; returns their ids. */
  async spool(count: number, text = 'task'): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 0; number < count; number += 1) {
      const { status, body } = await this.post(`${text} ${number}`);
      assert.deepEqual([status, body.durability], [202, 'disk']);
      ids.push(body.id);
    }
    return ids;
  }

  /** Waits until the queue takes tasks at once: a busy machine may take longer than half a second. */
  async confirms(): Promise<void> {
    await vi.waitFor(
      async () => assert.equal((await this.post('confirmed')).body.durability, undefined),
      PATIENCE,
    );
    await vi.waitFor(async () => assert.equal(await this.spooled(), 0), PATIENCE);
  }

  /** As its metric says. */
  async spooled(): Promise<number> {
    const metricsUrl = /"metricsUrl":"([^"]+)"/.exec(this.said)?.[1] ?? '';
    const text = await (await fetch(metricsUrl)).text();
    return Number(/^sluice_spooled (\d+)$/m.exec(text)?.[1]);
  }

  async readiness(): Promise<{ status: number; queue: { ok: boolean } }> {
    const response = await fetch(`${this.running.url}/readyz`);
    return { status: response.status, ...((await response.json()) as { queue: { ok: boolean } }) };
  }

  async allSucceed(ids: readonly string[]): Promise<void> {
    const ends = await Promise.all(ids.map((id) => new Client(this.running.url).end(id)));
    const left = ends.filter(({ status }) => status !== 'succeeded');
    assert.deepEqual(left, []);
  }

  /** Lets no file of its grow beyond so many bytes. */
  limitFiles(bytes: number | 'unlimited'): void {
    execFileSync('prlimit', ['--pid', String(this.running.child.pid), `--fsize=${bytes}:`]);
  }
}
