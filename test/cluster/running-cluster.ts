import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { MemberStatus } from '../../src/cluster/cluster.ts';
import { type Command, ControlClient } from '../../src/cluster/control-client.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface RunningClusterOptions {
  /** File of the tasks. */
  readonly tasks: string;
  /** The first of twenty ports. */
  readonly port: number;
  /** Further flags of `sluice cluster up`. */
  readonly flags?: readonly string[];
  /** Runs it as if it had a terminal of its own, for `ctrlC`; otherwise it shares that of the tests. */
  readonly apart?: boolean;
}

/** The production topology as `sluice cluster up` runs it, in a folder of its own. */
export class RunningCluster {
  readonly folder: string;
  readonly url: string;
  readonly process: ChildProcess;
  readonly control: ControlClient;

  private constructor(folder: string, url: string, process: ChildProcess) {
    this.folder = folder;
    this.url = url;
    this.process = process;
    this.control = new ControlClient(folder);
  }

  /** Resolves when a request through the load balancer finds every engine. */
  static async up({
    tasks,
    port,
    flags = [],
    apart = false,
  }: RunningClusterOptions): Promise<RunningCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
    const args = ['cluster', 'up', tasks, '--data', folder, '--port', String(port), '--json', ...flags];
    const up = spawn(process.execPath, [CLI, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: apart,
    });
    const failed = once(up, 'exit').then(() => Promise.reject(new Error('the cluster did not come up')));
    const [line] = (await Promise.race([once(createInterface(up.stdout), 'line'), failed])) as [string];
    failed.catch(() => undefined);
    const { url } = JSON.parse(line) as { url: string };
    return new RunningCluster(folder, url, up);
  }

  members(): Promise<MemberStatus[]> {
    return this.control.members();
  }

  async member(name: string): Promise<MemberStatus> {
    const found = (await this.members()).find((member) => member.name === name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  }

  /** Kills, pauses or heals members, all at a time; resolves when that is done. */
  async command(command: Command, ...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.control.command(command, name)));
  }

  /** Tells all that was started in its terminal to end. Only where it runs apart. */
  ctrlC(): void {
    process.kill(-(this.process.pid ?? 0), 'SIGINT');
  }

  /** Ends every member and removes the folder. */
  async close(): Promise<void> {
    if (this.process.exitCode === null) {
      this.process.kill('SIGINT');
      await once(this.process, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
