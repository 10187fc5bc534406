import type { Outbound } from './publish-call.ts';

/** After several that were sent together the next follow in so many times as long as those took. */
const SPACING = 4;
const MAX_SPACING_MS = 40;
/** So many wait for the end of their turn of the event loop alone. */
const ENOUGH = 16;

interface Group {
  readonly messages: number;
  /** Of `performance.now()`. */
  readonly sentAt: number;
  /** How long it took until all of it was settled; undefined until then. */
  tookMs: number | undefined;
}

/**
 * Sends together what is published at about the same time: each group costs every node of a queue the same wake-ups and
 * syncs, however small it is. What comes alone is sent at once. What comes while something is under way waits until that
 * is settled; after a group of several until four times as long is over. Nothing waits for more than 40 ms, and sixteen
 * messages wait for nothing. What is published in one turn of the event loop is one group, and the order is kept.
 * @see https://www.rfc-editor.org/rfc/rfc896 for the idea
 */
export class PublishGroups {
  readonly #send: (message: Outbound) => void;
  #gathered: Outbound[] = [];
  #last: Group = { messages: 0, sentAt: -Infinity, tookMs: 0 };
  #timer: NodeJS.Timeout | undefined;
  #endOfTurn: NodeJS.Immediate | undefined;

  constructor(send: (message: Outbound) => void) {
    this.#send = send;
  }

  add(message: Outbound): void {
    this.#gathered.push(message);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#gathered.length === 0 || this.#endOfTurn) return;
    clearTimeout(this.#timer);
    const waitMs = this.#gathered.length >= ENOUGH ? 0 : this.#dueAt() - performance.now();
    if (waitMs <= 0) this.#endOfTurn = setImmediate(() => this.#flush());
    else this.#timer = setTimeout(() => this.#flush(), waitMs);
  }

  #dueAt(): number {
    const { messages, sentAt, tookMs } = this.#last;
    if (tookMs === undefined) return sentAt + MAX_SPACING_MS;
    return messages === 1 ? sentAt : sentAt + Math.min(SPACING * tookMs, MAX_SPACING_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#endOfTurn);
    this.#endOfTurn = undefined;
    const messages = this.#gathered;
    this.#gathered = [];
    const group: Group = { messages: messages.length, sentAt: performance.now(), tookMs: undefined };
    this.#last = group;
    for (const message of messages) this.#send(message);
    void Promise.allSettled(messages.map(({ call }) => call.done)).then(() => {
      group.tookMs = performance.now() - group.sentAt;
      if (group === this.#last) this.#schedule();
    });
  }
}
