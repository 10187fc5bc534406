import type { ServerResponse } from 'node:http';

/** The requests that came through another's server, whose connections are not ours to close. */
export class Visitors {
  #present = 0;
  #onEmpty: (() => void) | undefined;

  /** Counts a request until its response is finished or its connection is gone. */
  enter(response: ServerResponse): void {
    this.#present++;
    response.once('close', () => {
      this.#present--;
      if (this.#present === 0) this.#onEmpty?.();
    });
  }

  /** Resolves when there is none, or after `graceMs`. */
  left(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#present === 0) {
        resolve();
        return;
      }
      const deadline = setTimeout(resolve, graceMs);
      this.#onEmpty = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
  }
}
