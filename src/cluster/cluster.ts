import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SluiceError } from '../core/errors.ts';
import type { Member } from './member.ts';
import { MemberProcess } from './member-process.ts';

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
  /** What the members say is kept here, a file each. */
  readonly logFolder: string;
  /** Called whenever the state of a member has changed. */
  readonly onChange?: (members: readonly MemberStatus[]) => void;
}

/** For a node of RabbitMQ, which waits for the others, on a machine that starts all of them at once. */
const READY_MS = 180_000;
const RESTART_AFTER_MS = 1000;

/**
 * The members of a topology as processes of this one. One that ends by itself is started again; one that was killed or
 * paused here stays so until it is healed.
 */
export class Cluster {
  readonly #tiers: readonly (readonly MemberProcess[])[];
  readonly #states = new Map<string, MemberState>();
  readonly #onChange: ClusterOptions['onChange'];
  /** Killed here, and not healed yet. */
  readonly #held = new Set<string>();
  #closing = false;

  constructor({ tiers, logFolder, onChange }: ClusterOptions) {
    this.#onChange = onChange;
    this.#tiers = tiers.map((members) =>
      members.map(
        (member) =>
          new MemberProcess(
            member,
            join(logFolder, `${member.name}.log`),
            () => void this.#ended(member.name),
          ),
      ),
    );
  }

  /**
   * Resolves when every member does its work.
   * @throws SluiceError `SLUICE_BINARY_MISSING` or `SLUICE_MEMBER_FAILED`; then what runs goes on until `down`
   */
  async up(): Promise<void> {
    for (const tier of this.#tiers) {
      await Promise.all(tier.map((process) => this.#bringUp(process)));
    }
  }

  get members(): MemberStatus[] {
    return this.#tiers.flat().map((process) => {
      const { name, port } = process.member;
      return { name, port, state: this.#states.get(name) ?? 'down', pid: process.pid };
    });
  }

  /** `kill -9`. @throws SluiceError `SLUICE_MEMBER_UNKNOWN` */
  async kill(name: string): Promise<void> {
    const process = this.#find(name);
    this.#held.add(name);
    this.#enter(name, 'down');
    await process.kill();
  }

  /** Stops it in the middle of what it does; its connections stay open. @throws SluiceError `SLUICE_MEMBER_UNKNOWN` */
  pause(name: string): void {
    const process = this.#find(name);
    if (this.#states.get(name) !== 'up') return;
    process.signal('SIGSTOP');
    this.#enter(name, 'paused');
  }

  /**
   * Lets a paused member go on, or starts one that is down; resolves when it does its work.
   * @throws SluiceError `SLUICE_MEMBER_UNKNOWN` or `SLUICE_MEMBER_FAILED`
   */
  async heal(name: string): Promise<void> {
    const process = this.#find(name);
    this.#held.delete(name);
    process.signal('SIGCONT');
    await this.#bringUp(process);
  }

  /** Ends every member properly, the last tier first. */
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

  async #bringUp(process: MemberProcess): Promise<void> {
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

  async #ended(name: string): Promise<void> {
    // While it starts, whoever starts it is told.
    if (this.#states.get(name) !== 'up' || this.#closing) return;
    this.#enter(name, 'down');
    while (!this.#closing && !this.#held.has(name) && this.#states.get(name) === 'down') {
      await pause(RESTART_AFTER_MS);
      await this.#bringUp(this.#find(name)).catch(() => undefined);
    }
  }

  #find(name: string): MemberProcess {
    const found = this.#tiers.flat().find(({ member }) => member.name === name);
    if (found) return found;
    const known = this.members.map((member) => member.name).join(', ');
    throw new SluiceError('SLUICE_MEMBER_UNKNOWN', { name, known });
  }

  #enter(name: string, state: MemberState): void {
    if (this.#states.get(name) === state) return;
    this.#states.set(name, state);
    this.#onChange?.(this.members);
  }
}
