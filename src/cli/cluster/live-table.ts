import type { MemberStatus } from '../../cluster/cluster.ts';
import type { Terminal } from '../terminal.ts';
import { memberLines } from './member-table.ts';

const ERASE_LINES_ABOVE = (count: number): string => `\u001b[${count}A\u001b[0J`;

/**
 * Shows the members as they are: on a terminal as a table that is drawn anew, elsewhere each change as a line; nothing
 * where the data is JSON.
 */
export class LiveTable {
  readonly #terminal: Terminal;
  readonly #redraws: boolean;
  #drawn = 0;
  #before = new Map<string, string>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#redraws = process.stderr.isTTY && process.env['TERM'] !== 'dumb';
  }

  show(members: readonly MemberStatus[]): void {
    if (this.#terminal.json) return;
    if (this.#redraws) this.#draw(members);
    else this.#tellChanges(members);
  }

  #draw(members: readonly MemberStatus[]): void {
    if (this.#drawn > 0) process.stderr.write(ERASE_LINES_ABOVE(this.#drawn));
    const lines = memberLines(members, this.#terminal);
    for (const line of lines) this.#terminal.say(line);
    this.#drawn = lines.length;
  }

  #tellChanges(members: readonly MemberStatus[]): void {
    for (const { name, state } of members) {
      if (state !== (this.#before.get(name) ?? 'down')) this.#terminal.say(`${name} is ${state}`);
      this.#before.set(name, state);
    }
  }
}
