import { randomBytes } from 'node:crypto';

/** Source of randomness. Everything that draws (identities, jitter) takes one, so that a test can replay it. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Buffer;
  /** A number in [0, 1), for jitter; need not be unpredictable. */
  fraction(): number;
}

const POOL_BYTES = 4096;

/** Draws from the operating system's generator in pools, which costs a tenth of a call per identity. */
class PooledRandom implements Random {
  #pool: Buffer = Buffer.alloc(0);
  #used = 0;

  bytes(length: number): Buffer {
    if (length > POOL_BYTES) return randomBytes(length);
    if (this.#used + length > this.#pool.length) {
      this.#pool = randomBytes(POOL_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#pool.subarray(start, this.#used);
  }

  fraction(): number {
    return Math.random();
  }
}

export const systemRandom: Random = new PooledRandom();
