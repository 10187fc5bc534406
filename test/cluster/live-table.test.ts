import { beforeEach, expect, it, vi } from 'vitest';
import { LiveTable } from '../../src/cli/cluster/live-table.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { MemberState, MemberStatus } from '../../src/cluster/cluster.ts';
import { TerminalScreen } from './terminal-screen.ts';

beforeEach(() => {
  vi.stubEnv('TERM', 'xterm');
  return () => void vi.unstubAllEnvs();
});

function liveTable(screen: TerminalScreen, json = false): LiveTable {
  const terminal: Terminal = {
    json,
    coloured: true,
    data: () => undefined,
    say: (line) => screen.write(`${line}\n`),
    paint: (_style, text) => `\u001b[32m${text}\u001b[39m`,
  };
  return new LiveTable(terminal, screen);
}

function members(...states: readonly MemberState[]): MemberStatus[] {
  return states.map((state, at) => ({ name: `engine-${at + 1}`, port: 7070 + at, state }));
}

it('draws the members anew in the place where they were', () => {
  const screen = new TerminalScreen();
  const table = liveTable(screen);
  table.show(members('starting', 'down'));
  table.show(members('up', 'starting'));
  expect(screen.lines).toEqual(['  engine-1  up        port 7070', '  engine-2  starting  port 7071', '']);
});

it('keeps what is said above the table, whatever has been said since it was drawn', () => {
  const screen = new TerminalScreen();
  const table = liveTable(screen);
  table.terminal.say('Ended what was left');
  table.show(members('starting'));
  table.terminal.say('\n  The cluster is ready');
  table.show(members('up'));
  table.show(members('down'));
  expect(screen.lines).toEqual([
    'Ended what was left',
    '',
    '  The cluster is ready',
    '  engine-1  down      port 7070',
    '',
  ]);
});

it('leaves nothing of a Ctrl-C that the terminal has shown behind the table', () => {
  const screen = new TerminalScreen();
  const table = liveTable(screen);
  table.show(members('up'));
  screen.write('^C');
  table.terminal.say('Stopping');
  table.show(members('down'));
  expect(screen.lines).toEqual(['Stopping', '  engine-1  down      port 7070', '']);
});

it('knows how many rows its lines take', () => {
  const screen = new TerminalScreen({ columns: 20, rows: 24 });
  const table = liveTable(screen);
  table.show(members('up', 'starting'));
  table.show(members('up', 'up'));
  expect(screen.lines).toEqual([
    '  engine-1  up      ',
    '  port 7070',
    '  engine-2  up      ',
    '  port 7071',
    '',
  ]);
});

it('tells the changes where the table is higher than the screen', () => {
  const screen = new TerminalScreen({ columns: 80, rows: 2 });
  const table = liveTable(screen);
  table.show(members('starting', 'down'));
  table.show(members('up', 'down'));
  expect(screen.lines).toEqual(['engine-1 is starting', 'engine-1 is up', '']);
});

it('tells the changes where it is shown on no terminal', () => {
  const screen = new TerminalScreen({ isTTY: false });
  const table = liveTable(screen);
  table.show(members('starting', 'down'));
  table.terminal.say('Half of it is there');
  table.show(members('up', 'starting'));
  expect(screen.lines).toEqual([
    'engine-1 is starting',
    'Half of it is there',
    'engine-1 is up',
    'engine-2 is starting',
    '',
  ]);
});

it('shows nothing beside JSON', () => {
  const screen = new TerminalScreen();
  liveTable(screen, true).show(members('up'));
  expect(screen.lines).toEqual(['']);
});
