import type { Screen } from '../../src/cli/cluster/live-table.ts';

export interface ScreenOptions {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Moves of the cursor and what erases; whatever else begins like that colours. */
const SEQUENCE = new RegExp(`^${String.fromCharCode(27)}\\[(\\d*)([A-Za-z])`);

/** What a terminal shows of what is written to it, and what has left it at the top. */
export class TerminalScreen implements Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor({ isTTY = true, columns = 80, rows = 24 }: ScreenOptions = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    for (let rest = text; rest !== '';) {
      const [sequence, count = '', act = ''] = SEQUENCE.exec(rest) ?? [];
      if (sequence === undefined) this.#put(rest.charAt(0));
      else this.#obey(act, Number(count));
      rest = rest.slice(sequence?.length ?? 1);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#newLine();
    else {
      if (this.#column === this.columns) this.#newLine();
      const line = this.lines[this.#row] ?? '';
      this.lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column += 1;
    }
  }

  #newLine(): void {
    this.#row += 1;
    this.#column = 0;
    this.lines[this.#row] ??= '';
  }

  #obey(act: string, count: number): void {
    const top = Math.max(0, this.lines.length - this.rows);
    if (act === 'A') this.#row = Math.max(top, this.#row - count);
    if (act !== 'J') return;
    this.lines[this.#row] = (this.lines[this.#row] ?? '').slice(0, this.#column);
    this.lines.length = this.#row + 1;
  }
}
