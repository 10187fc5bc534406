import type { MemberState, MemberStatus } from '../../cluster/cluster.ts';
import type { Style, Terminal } from '../terminal.ts';

const STYLES: Record<MemberState, Style> = { up: 'green', starting: 'yellow', paused: 'yellow', down: 'red' };

/** A line for each member: its name, its state, its port and its process. */
export function memberLines(members: readonly MemberStatus[], paint: Terminal['paint']): string[] {
  const width = Math.max(...members.map(({ name }) => name.length));
  return members.map(({ name, state, port, pid }) => {
    const shown = paint(STYLES[state], state.padEnd('starting'.length));
    return `  ${name.padEnd(width)}  ${shown}  port ${port}${pid === undefined ? '' : `  pid ${pid}`}`;
  });
}

/** Writes the members as data: a table, or with `--json` one a line. */
export function writeMembers(members: readonly MemberStatus[], terminal: Terminal): void {
  // Colours are for people: what is piped on has none, whatever stderr shows.
  const paint: Terminal['paint'] = process.stdout.isTTY ? terminal.paint : (_style, text) => text;
  const lines = terminal.json ? members.map((member) => JSON.stringify(member)) : memberLines(members, paint);
  for (const line of lines) terminal.data(line);
}
