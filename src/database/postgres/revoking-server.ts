import { SluiceError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import { expiredError } from '../task-errors.ts';
import type { Server } from './server.ts';

/** A claim that may have permitted runs that nobody here has heard of. */
interface LostCall {
  readonly call: string;
  /** Primary keys of the tasks that it was about. */
  readonly keys: readonly string[];
}

/**
 * Takes back what was permitted by claims whose answer was lost, before anything else is asked. Their messages have gone
 * back to the queue; without it the tasks would wait for the end of a lease, and count as interrupted.
 */
export class RevokingServer implements Server {
  readonly #server: Server;
  readonly #random: Random;
  #lost: LostCall[] = [];

  constructor(server: Server, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  now(): number | null {
    return this.#server.now();
  }

  async ask(...statement: Parameters<Server['ask']>): Promise<unknown> {
    await this.#revoke();
    return this.#server.ask(...statement);
  }

  /** Asks what `statement` makes of the name of the call, which permits runs of the tasks with these keys. */
  async askRevocably(
    keys: readonly string[],
    statement: (call: string) => Parameters<Server['ask']>,
  ): Promise<unknown> {
    await this.#revoke();
    const call = this.#random.bytes(16).toString('hex');
    try {
      return await this.#server.ask(...statement(call));
    } catch (thrown) {
      if (isUnavailable(thrown)) this.#lost.push({ call, keys });
      throw thrown;
    }
  }

  async #revoke(): Promise<void> {
    const lost = this.#lost;
    this.#lost = [];
    for (const [index, { call, keys }] of lost.entries()) {
      try {
        const expired = JSON.stringify(expiredError());
        await this.#server.ask(
          'hand-back',
          'SELECT sluice.hand_back($2, $3, $4, $1)',
          this.now(),
          call,
          keys,
          expired,
        );
      } catch (thrown) {
        if (!isUnavailable(thrown)) continue;
        this.#lost.push(...lost.slice(index));
        throw thrown;
      }
    }
  }
}

function isUnavailable(thrown: unknown): boolean {
  return SluiceError.is(thrown, 'SLUICE_DATABASE_UNAVAILABLE');
}
