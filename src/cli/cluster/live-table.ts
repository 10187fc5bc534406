import { stripVTControlCharacters } from 'node:util';
import type { MemberStatus } from '../../cluster/cluster.ts';
import type { Terminal } from '../terminal.ts';
import { memberLines } from './member-table.ts';

/** Where it is shown: stderr. */
export interface Screen {
  readonly isTTY?: boolean;
  /** Characters a line; undefined where it is no terminal. */
  readonly columns?: number;
  /** Lines. */
  readonly rows?: number;
  write(text: string): unknown;
}

/** From wherever in the line below, such as behind an echoed ^C. */
const ERASE_ROWS_ABOVE = (count: number): string => `\r\u001b[${count}A\u001b[0J`;

/**
 * Shows the members as they are: on a terminal as a table that is drawn anew, below all that is said; elsewhere each
 * change as a line; nothing where the data is JSON.
 */
export class LiveTable {
  /** Says lines above the table. */
  readonly terminal: Terminal;
  readonly #below: Terminal;
  readonly #screen: Screen;
  /** The lines of the table that are on the screen. */
  #drawn: readonly string[] = [];
  #before = new Map<string, string>();

  constructor(terminal: Terminal, screen: Screen) {
    this.terminal = { ...terminal, say: (line) => this.#say(line) };
    this.#below = terminal;
    this.#screen = screen;
  }

  show(members: readonly MemberStatus[]): void {
    if (this.terminal.json) return;
    const lines = memberLines(members, this.terminal.paint);
    this.#erase();
    if (this.#fits(lines)) this.#draw(lines);
    else this.#tellChanges(members);
    this.#before = new Map(members.map(({ name, state }) => [name, state]));
  }

  #say(line: string): void {
    const table = this.#drawn;
    this.#erase();
    this.#below.say(line);
    this.#draw(table);
  }

  #draw(lines: readonly string[]): void {
    for (const line of lines) this.#below.say(line);
    this.#drawn = lines;
  }

  #erase(): void {
    if (this.#drawn.length > 0) this.#screen.write(ERASE_ROWS_ABOVE(this.#rowsOf(this.#drawn)));
    this.#drawn = [];
  }

  /** What has left the screen at its top can not be drawn anew. */
  #fits(lines: readonly string[]): boolean {
    const { isTTY = false, rows = Infinity } = this.#screen;
    return isTTY && process.env['TERM'] !== 'dumb' && this.#rowsOf(lines) < rows;
  }

  /** A terminal goes on in the next row with a line that is longer than it is wide. */
  #rowsOf(lines: readonly string[]): number {
    const { columns = Infinity } = this.#screen;
    const rows = lines.map((line) => Math.ceil(stripVTControlCharacters(line).length / columns) || 1);
    return rows.reduce((sum, each) => sum + each, 0);
  }

  #tellChanges(members: readonly MemberStatus[]): void {
    for (const { name, state } of members) {
      if (state !== (this.#before.get(name) ?? 'down')) this.#below.say(`${name} is ${state}`);
    }
  }
}
