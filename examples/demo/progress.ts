const WIDTH = 40;
const EVERY_MS = 100;
const LINE_EVERY_MS = 2000;

export interface Counts {
  readonly accepted: number;
  readonly processed: number;
}

/** Shows how far the demo is: two bars on a terminal, a line now and then elsewhere. All on stderr. */
export class Progress {
  readonly #total: number;
  readonly #count: () => Counts;
  readonly #terminal = process.stderr.isTTY === true;
  readonly #timer: NodeJS.Timeout;
  #drawn = false;

  constructor(total: number, count: () => Counts) {
    this.#total = total;
    this.#count = count;
    this.#timer = setInterval(() => this.#show(), this.#terminal ? EVERY_MS : LINE_EVERY_MS);
  }

  /** Says that something happened, above the bars. */
  say(line: string): void {
    if (this.#drawn) process.stderr.write('\u001b[2A\u001b[J');
    this.#drawn = false;
    process.stderr.write(`${line}\n`);
    this.#show();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#show();
  }

  #show(): void {
    const { accepted, processed } = this.#count();
    if (!this.#terminal) {
      process.stderr.write(`accepted ${accepted}, processed ${processed} of ${this.#total}\n`);
      return;
    }
    if (this.#drawn) process.stderr.write('\u001b[2A\u001b[J');
    this.#drawn = true;
    process.stderr.write(`${this.#bar('accepted', accepted)}\n${this.#bar('processed', processed)}\n`);
  }

  #bar(name: string, count: number): string {
    const full = Math.round((WIDTH * count) / this.#total);
    return `${name.padEnd(10)} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${count}/${this.#total}`;
  }
}
