import type { MemberState, MemberStatus } from '../../cluster/cluster.ts';
import type { Style, Terminal } from '../terminal.ts';

const STYLES: Record<MemberState, Style> = { up: 'green', starting: 'yellow', paused: 'yellow', down: 'red' };

/** A line for each member: its name, its state, its port and its process. */
export function memberLines(members: readonly MemberStatus[], terminal: Terminal): string[] {
  const width = Math.max(...members.map(({ name }) => name.length));
  return members.map(({ name, state, port, pid }) => {
    const shown = terminal.paint(STYLES[state], state.padEnd('starting'.length));
    return `  ${name.padEnd(width)}  ${shown}  port ${port}${pid === undefined ? '' : `  pid ${pid}`}`;
  });
}
