import type { Redis } from 'ioredis';

/** Channels in one command, so that none occupies the server for long. */
const MAX_CHANNELS = 1000;

/** What the server is told at the end of this turn of the event loop. */
interface Change {
  readonly add: Set<string>;
  readonly remove: Set<string>;
  /** Resolves when the server has confirmed it, or the connection is given up. */
  readonly done: Promise<void>;
  readonly finish: () => void;
}

/** The channels that one connection is subscribed to: those that are wanted, also after it was lost and made anew. */
export class ChannelSubscriptions {
  readonly #redis: Redis;
  readonly #onFailure: (error: unknown) => void;
  readonly #wanted = new Set<string>();
  /** Those the server knows of on this connection, or will be told of; with when it has confirmed them. */
  readonly #held = new Map<string, Promise<void>>();
  #change: Change | undefined;
  #connected = false;

  constructor(redis: Redis, onFailure: (error: unknown) => void) {
    this.#redis = redis;
    this.#onFailure = onFailure;
    redis.on('ready', () => {
      this.#connected = true;
      for (const channel of this.#wanted) void this.#hold(channel);
    });
    redis.on('close', () => {
      this.#connected = false;
      this.#held.clear();
      this.#change?.finish();
      this.#change = undefined;
    });
  }

  /** Resolves when the channel is heard. Without a connection at once, and it is heard when there is one. */
  async add(channel: string): Promise<void> {
    this.#wanted.add(channel);
    if (this.#connected) await this.#hold(channel);
  }

  remove(channel: string): void {
    this.#wanted.delete(channel);
    if (!this.#held.has(channel)) return;
    const change = this.#next();
    if (change.add.delete(channel)) this.#held.delete(channel);
    else change.remove.add(channel);
  }

  #hold(channel: string): Promise<void> {
    const held = this.#held.get(channel);
    if (held) {
      this.#change?.remove.delete(channel);
      return held;
    }
    const { add, done } = this.#next();
    add.add(channel);
    this.#held.set(channel, done);
    return done;
  }

  #next(): Change {
    if (this.#change) return this.#change;
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const change: Change = { add: new Set(), remove: new Set(), done, finish };
    this.#change = change;
    setImmediate(() => {
      if (this.#change !== change) return;
      this.#change = undefined;
      void this.#tell(change);
    });
    return change;
  }

  async #tell({ add, remove, finish }: Change): Promise<void> {
    for (const channel of remove) this.#held.delete(channel);
    try {
      await Promise.all([
        ...chunks(remove).map((channels) => this.#redis.unsubscribe(...channels)),
        ...chunks(add).map((channels) => this.#redis.subscribe(...channels)),
      ]);
    } catch (error) {
      // The next connection is told all that is wanted.
      this.#onFailure(error);
    }
    finish();
  }
}

function chunks(channels: ReadonlySet<string>): string[][] {
  const all = [...channels];
  const count = Math.ceil(all.length / MAX_CHANNELS);
  return Array.from({ length: count }, (_chunk, at) => all.slice(at * MAX_CHANNELS, (at + 1) * MAX_CHANNELS));
}
