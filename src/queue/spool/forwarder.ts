import { within } from '../../core/deadline.ts';
import type { Health } from '../../core/health.ts';
import type { Logger } from '../../core/logger.ts';
import { type Address, addressName } from '../../core/message.ts';
import type { Outgoing, Queue } from '../queue.ts';
import { DiskProbe } from './disk-probe.ts';
import { Line } from './line.ts';
import { isReserved, setAsideFor } from './reserved-addresses.ts';
import { SpoolDisk } from './spool-disk.ts';
import { takeUp } from './take-up.ts';
import { Trouble } from './trouble.ts';

/** Keeps messages in the spool, and takes them from there to the target, each address by itself. */
export class Forwarder {
  readonly #target: Queue;
  readonly #disk: SpoolDisk;
  readonly #probe: DiskProbe;
  readonly #logger: Logger;
  readonly #trouble: Trouble;
  readonly #lines = new Map<string, Line>();
  readonly #takingUp: Promise<void>[] = [];
  readonly #closing = new AbortController();
  /** Names of the addresses of which the target has said nothing since it last took too long. */
  readonly #away = new Set<string>();
  /** That something is kept was told, and its end was not. */
  #keeping = false;
  #onIdle: () => void = () => undefined;

  constructor(target: Queue, spool: Queue, logger: Logger) {
    this.#target = target;
    this.#disk = new SpoolDisk(spool, logger, () => this.#counted());
    this.#probe = new DiskProbe(this.#disk);
    this.#logger = logger;
    this.#trouble = new Trouble({
      begun: (reason) => logger.warn('what is kept on this disk can not be forwarded yet', { reason }),
    });
  }

  /** Messages in the spool. */
  get left(): number {
    return this.#disk.waiting + this.#disk.tooLarge;
  }

  /** Of those, the ones that the target does not take as they are. */
  get tooLarge(): number {
    return this.#disk.tooLarge;
  }

  /** Whether it is in vain, as far as is known, to ask the target to take all of these. */
  isAway(messages: readonly Outgoing[]): boolean {
    // What is in the spool is offered to the target in the end; without anything in it, nothing would tell its return.
    return this.#disk.busy && messages.some(({ address }) => this.#away.has(addressName(address)));
  }

  /** Notes that the target has not taken these. */
  tookTooLong(messages: readonly Outgoing[]): void {
    for (const { address } of messages) this.#away.add(addressName(address));
  }

  /** Notes that the target has taken these. */
  took(messages: readonly Outgoing[]): void {
    for (const { address } of messages) this.#away.delete(addressName(address));
  }

  async begin(): Promise<void> {
    const addresses = await this.#disk.count();
    if (this.left > 0) this.#logger.info('tasks of an earlier start are forwarded', { count: this.left });
    this.#keeping = this.left > 0;
    for (const { address, messages } of addresses.filter((depth) => depth.messages > 0)) {
      const original = setAsideFor(address);
      if (!isReserved(address)) this.#open(address);
      else if (original) this.#takingUp.push(this.#takeUp(address, original, messages));
    }
  }

  /**
   * Resolves when the messages are synced to the disk.
   * @throws SluiceError as `Queue.publish` of the spool
   */
  async store(messages: readonly Outgoing[]): Promise<void> {
    try {
      await this.#disk.keepInTime(messages);
    } finally {
      // Where it failed, too: what the disk did not confirm may be on it.
      for (const { address } of messages) this.#open(address);
    }
    if (this.#keeping) return;
    this.#keeping = true;
    this.#logger.warn('the queue does not confirm; tasks are kept on this disk until it does');
  }

  /** How the disk is. */
  async health(): Promise<Health> {
    const health = await this.#disk.health();
    if (!health.ok && !this.#closing.signal.aborted) void this.#probe.write();
    return health;
  }

  /** Resolves when everything is forwarded that the target takes, or after so long. */
  async drain(withinMs: number): Promise<void> {
    if (!this.#disk.busy) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    // Too late is no failure: `left` says what has to wait for the next start.
    await within(withinMs, idle).catch(() => undefined);
  }

  /** Does not wait for what the target has still to say. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#takingUp, ...Array.from(this.#lines.values(), (line) => line.close())]);
  }

  #open(address: Address): void {
    const name = addressName(address);
    if (this.#lines.has(name) || this.#closing.signal.aborted) return;
    const line = new Line({
      address,
      target: this.#target,
      disk: this.#disk,
      logger: this.#logger,
      onAnswer: () => this.#away.delete(name),
      onFailure: (reason) => this.#trouble.met(reason),
    });
    this.#lines.set(name, line);
    // Tried again with the next message of this address.
    line.opened.catch(() => this.#lines.delete(name));
  }

  async #takeUp(aside: Address, address: Address, count: number): Promise<void> {
    this.#open(address);
    const { signal } = this.#closing;
    // Where the disk fails, it tells so, and the rest is for the next start.
    await takeUp({ disk: this.#disk, aside, address, count, signal }).catch(() => undefined);
  }

  #counted(): void {
    if (this.#disk.busy) return;
    this.#onIdle();
    if (!this.#keeping) return;
    this.#keeping = false;
    this.#trouble.over();
    const { tooLarge } = this.#disk;
    if (tooLarge === 0) this.#logger.info('the queue has taken every task that was kept on this disk');
    else
      this.#logger.warn('the queue has taken all that was kept on this disk but what is too large', {
        tooLarge,
      });
  }
}
