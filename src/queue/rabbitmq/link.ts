import type { ChannelModel } from 'amqplib';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import { Backoff } from './backoff.ts';
import { type BrokerNode, nodeName } from './broker-url.ts';
import { withChannel } from './channel.ts';
import { type Connect, disconnect, hangUp } from './connection.ts';
import type { NodeRota } from './node-rota.ts';

export interface LinkOptions {
  readonly connect: Connect;
  /** For the log, and for the list of connections in RabbitMQ. */
  readonly purpose: string;
  readonly rota: NodeRota;
  readonly random: Random;
  readonly logger: Logger;
  /** Makes the connection fit for use. Where it rejects, another node is tried. */
  readonly prepare: (model: ChannelModel) => Promise<void>;
}

interface Waiter {
  readonly connected: (model: ChannelModel) => void;
  readonly refused: (error: SluiceError) => void;
}

/** One connection that is kept: when it dies, another takes its place, to a node that may be another one. */
export class Link {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #running: Promise<void> | undefined;
  #model: ChannelModel | undefined;
  #failure: string | undefined;
  /** Why it is down, as far as that was told. */
  readonly #told = new Set<string>();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
  }

  start(): void {
    this.#running ??= this.#keepConnected();
  }

  /** Undefined while it is down. */
  get model(): ChannelModel | undefined {
    return this.#model;
  }

  /** Why it is down; undefined where that is not known yet. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * The connection, as soon as it is up.
   * @throws SluiceError `SLUICE_QUEUE_UNUSABLE` when a node refuses this client meanwhile, `SLUICE_QUEUE_UNAVAILABLE`
   *   when none was reached in time, or when `signal` is aborted
   */
  async connected(withinMs: number, signal?: AbortSignal): Promise<ChannelModel> {
    if (this.#model) return this.#model;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => waiter.refused(this.#unavailable());
      const timer = setTimeout(giveUp, withinMs);
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        connected: (model) => {
          end();
          resolve(model);
        },
        refused: (error) => {
          end();
          reject(error);
        },
      };
      signal?.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
      if (signal?.aborted || this.#closing.signal.aborted) giveUp();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const waiter of this.#waiters) waiter.refused(this.#unavailable());
    if (this.#model) await disconnect(this.#model);
    await this.#running;
  }

  async #keepConnected(): Promise<void> {
    const { rota } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const node = rota.take();
      try {
        await this.#connection(node);
      } catch (error) {
        this.#failed(node, error);
      } finally {
        this.#model = undefined;
        rota.release(node);
      }
      await this.#backoff.pause(signal);
    }
  }

  /** Resolves when the connection, once it was up, has ended. */
  async #connection(node: BrokerNode): Promise<void> {
    const { connect, purpose, prepare, logger } = this.#options;
    const model = await connect(node, purpose);
    const ended = endOf(model);
    try {
      // One that the server closed together with its answer to the opening never says so, but opens no channel.
      await withChannel(model, async () => undefined);
      await prepare(model);
    } catch (error) {
      await disconnect(model);
      throw error;
    }
    if (this.#closing.signal.aborted) return disconnect(model);
    this.#model = model;
    this.#failure = undefined;
    this.#told.clear();
    this.#backoff.reset();
    logger.debug('connected to RabbitMQ', { node: nodeName(node), purpose });
    for (const waiter of this.#waiters) waiter.connected(model);
    const reason = await ended;
    hangUp(model);
    if (!this.#closing.signal.aborted) this.#failed(node, reason);
  }

  #failed(node: BrokerNode, thrown: unknown): void {
    const { purpose, logger } = this.#options;
    const reason = `${nodeName(node)}: ${messageOf(thrown)}`;
    // A node that stays away is told once.
    const level = this.#told.has(reason) ? 'debug' : 'warn';
    this.#told.add(reason);
    this.#failure = reason;
    logger[level]('no connection to a node of RabbitMQ', { purpose, reason });
    if (!SluiceError.is(thrown, 'SLUICE_QUEUE_UNUSABLE')) return;
    for (const waiter of this.#waiters) waiter.refused(thrown);
  }

  #unavailable(): SluiceError {
    const reason = this.#failure ?? 'no node of RabbitMQ has answered yet';
    return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason });
  }
}

/** Resolves with the reason when the connection is over. Without a listener, its errors would end the process. */
function endOf(model: ChannelModel): Promise<Error> {
  let reason = new Error('the connection was closed');
  model.on('error', (error) => {
    reason = error;
  });
  return new Promise((resolve) => {
    model.once('close', (error?: Error) => resolve(error ?? reason));
  });
}
