import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SluiceError } from '../core/errors.ts';
import type { Member } from './member.ts';
import { MemberProcess } from './member-process.ts';
import { writeRecords } from './member-records.ts';

export const MEMBER_STATES = ['down', 'starting', 'up', 'paused'] as const;

export type MemberState = (typeof MEMBER_STATES)[number];

export interface MemberStatus {
  readonly name: string;
  readonly port: number;
  readonly state: MemberState;
  readonly pid?: number | undefined;
}

export interface ClusterOptions {
  /** Started in this order; those of one tier together, and each tier when the one before is ready. */
  readonly tiers: readonly (readonly Member[])[];
  /** Keeps what the members say, a file each in `log`, and which processes they are. */
  readonly folder: string;
  /** Called whenever the state of a member has changed. */
  readonly onChange?: (members: readonly MemberStatus[]) => void;
}

/** For a node of RabbitMQ, which waits for the others, on a machine that starts all of them at once. */
const READY_MS = 180_000;
const RESTART_AFTER_MS = 1000;

/**
 * The members of a topology as processes that this one alone commands. One that ends by itself is started again; one
 * that was killed or paused here stays so until it is healed.
 */
export class Cluster {
  readonly #folder: string;
  readonly #tiers: readonly (readonly MemberProcess[])[];
  readonly #states = new Map<string, MemberState>();
  readonly #onChange: ClusterOptions['onChange'];
  /** Killed or paused here, and not healed yet. */
  readonly #held = new Set<string>();
  readonly #restarting = new Set<string>();
  #closing = false;

  constructor({ tiers, folder, onChange }: ClusterOptions) {
    this.#folder = folder;
    this.#onChange = onChange;
    this.#tiers = tiers.map((members) =>
      members.map(
        (member) =>
          new MemberProcess(member, join(folder, 'log', `${member.name}.log`), {
            apart: true,
            onSpawn: () => this.#note(),
            onEnd: () => this.#ended(member.name),
          }),
      ),
    );
  }

  /**
   * Resolves when every member does its work. Nothing is started where a program is missing.
   * @throws SluiceError `SLUICE_BINARY_MISSING` or `SLUICE_MEMBER_FAILED`; then what runs goes on until `down`
   */
  async up(): Promise<void> {
    for (const { member } of this.#tiers.flat()) member.launch();
    for (const tier of this.#tiers) {
      await Promise.all(tier.map((process) => this.#bringUp(process)));
    }
  }

  get members(): MemberStatus[] {
    return this.#tiers.flat().map((process) => {
      const { name, port } = process.member;
      return { name, port, state: this.#stateOf(name), pid: process.pid };
    });
  }

  /** The end of what a member has said. @throws SluiceError `SLUICE_MEMBER_UNKNOWN` */
  lastWords(name: string): string {
    return this.#find(name).lastWords;
  }

  /** `kill -9`. @throws SluiceError `SLUICE_MEMBER_UNKNOWN` */
  async kill(name: string): Promise<void> {
    const process = this.#find(name);
    this.#held.add(name);
    this.#enter(name, 'down');
    await process.kill();
  }

  /**
   * Stops it in the middle of what it does; its connections stay open.
   * @throws SluiceError `SLUICE_MEMBER_UNKNOWN`, or `SLUICE_MEMBER_NOT_UP`
   */
  pause(name: string): void {
    const process = this.#find(name);
    const state = this.#stateOf(name);
    if (state === 'paused') return;
    if (state !== 'up') throw new SluiceError('SLUICE_MEMBER_NOT_UP', { name, state });
    this.#held.add(name);
    process.signal('SIGSTOP');
    this.#enter(name, 'paused');
  }

  /**
   * Lets a paused member go on, or starts one that is down; resolves when it does its work. Where that fails, it is tried
   * again.
   * @throws SluiceError `SLUICE_MEMBER_UNKNOWN` or `SLUICE_MEMBER_FAILED`
   */
  async heal(name: string): Promise<void> {
    const process = this.#find(name);
    if (this.#stateOf(name) === 'up') return;
    this.#held.delete(name);
    process.signal('SIGCONT');
    try {
      await this.#bringUp(process);
    } catch (error) {
      void this.#restart(process);
      throw error;
    }
  }

  /** Ends every member properly, the last tier first. None is started any more. */
  async down(): Promise<void> {
    this.#closing = true;
    for (const tier of this.#tiers.toReversed()) {
      await Promise.all(
        tier.map(async (process) => {
          await process.stop();
          this.#enter(process.member.name, 'down');
        }),
      );
    }
  }

  /** Ends every member at once, for when this process ends before they have. */
  halt(): void {
    this.#closing = true;
    for (const process of this.#tiers.flat()) process.halt();
  }

  async #bringUp(process: MemberProcess): Promise<void> {
    if (this.#closing) throw process.failure('the cluster ends');
    const { name } = process.member;
    this.#enter(name, 'starting');
    try {
      await process.start();
      await process.ready(READY_MS);
      this.#enter(name, 'up');
    } catch (error) {
      this.#enter(name, 'down');
      throw error;
    }
  }

  #ended(name: string): void {
    this.#note();
    const state = this.#stateOf(name);
    // While it starts, whoever starts it is told.
    if (this.#closing || (state !== 'up' && state !== 'paused')) return;
    this.#enter(name, 'down');
    void this.#restart(this.#find(name));
  }

  /** Tries until it is up, or is not to be any more. */
  async #restart(process: MemberProcess): Promise<void> {
    const { name } = process.member;
    if (this.#restarting.has(name)) return;
    this.#restarting.add(name);
    while (this.#isToRestart(name)) {
      await pause(RESTART_AFTER_MS);
      if (this.#isToRestart(name)) await this.#bringUp(process).catch(() => undefined);
    }
    this.#restarting.delete(name);
  }

  #isToRestart(name: string): boolean {
    return !this.#closing && !this.#held.has(name) && this.#stateOf(name) === 'down';
  }

  #find(name: string): MemberProcess {
    const found = this.#tiers.flat().find(({ member }) => member.name === name);
    if (found) return found;
    const known = this.members.map((member) => member.name).join(', ');
    throw new SluiceError('SLUICE_MEMBER_UNKNOWN', { name, known });
  }

  #stateOf(name: string): MemberState {
    return this.#states.get(name) ?? 'down';
  }

  #enter(name: string, state: MemberState): void {
    if (this.#stateOf(name) === state) return;
    this.#states.set(name, state);
    this.#onChange?.(this.members);
  }

  /** For whoever comes after this process, should it be killed. */
  #note(): void {
    const records = this.#tiers.map((tier) => tier.flatMap(({ record }) => record ?? []));
    try {
      writeRecords(this.#folder, records);
    } catch {
      // A folder that can not be written to ends no member that runs.
    }
  }
}
