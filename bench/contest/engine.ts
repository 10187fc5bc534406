import { join } from 'node:path';
import type { Member } from '../../src/cluster/member.ts';
import { MemberProcess } from '../../src/cluster/member-process.ts';
import { freeze, thaw } from '../process-tree.ts';

const READY_MS = 120_000;

/** What a contender keeps its tasks in: a real server with nobody else on it. It stands still while others are measured. */
export class Engine {
  readonly url: string;
  readonly #processes: readonly MemberProcess[];
  #frozen = false;

  /** @param members started one after another, and stopped the other way round */
  constructor(url: string, members: readonly Member[], logFolder: string) {
    this.url = url;
    this.#processes = members.map(
      (member) => new MemberProcess(member, join(logFolder, `${member.name}.log`)),
    );
  }

  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => pid ?? []);
  }

  async start(): Promise<void> {
    for (const process of this.#processes) {
      await process.start();
      await process.ready(READY_MS);
    }
  }

  freeze(): void {
    this.pids.forEach(freeze);
    this.#frozen = true;
  }

  thaw(): void {
    if (this.#frozen) this.pids.forEach(thaw);
    this.#frozen = false;
  }

  /** At once, for when this process ends otherwise than it should: what stands still would outlive it. */
  kill(): void {
    this.thaw();
    for (const process of this.#processes) process.signal('SIGKILL');
  }

  async stop(): Promise<void> {
    this.thaw();
    for (const process of this.#processes.toReversed()) await process.stop();
  }
}
