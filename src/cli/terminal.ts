import { stripVTControlCharacters } from 'node:util';

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof CODES;

/** Where a command writes: data to stdout, for programs; talk to stderr, for people. */
export interface Terminal {
  /** True when the data is to be JSON. */
  readonly json: boolean;
  /** True where stderr shows colours. */
  readonly coloured: boolean;
  readonly data: (line: string) => void;
  readonly say: (line: string) => void;
  /** `text` in a style, where stderr shows any. */
  readonly paint: (style: Style, text: string) => string;
}

export interface TerminalOptions {
  readonly json: boolean;
  /** False for `--no-color`. */
  readonly color: boolean;
}

export function openTerminal({ json, color }: TerminalOptions): Terminal {
  const coloured = color && showsColour(process.env, process.stderr.isTTY);
  return {
    json,
    coloured,
    data: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${coloured ? line : stripVTControlCharacters(line)}\n`),
    paint: (style, text) => {
      const [on, off] = CODES[style];
      return coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
    },
  };
}

/** @see https://no-color.org, https://force-color.org */
export function showsColour(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const forced = env['FORCE_COLOR'];
  if (env['NO_COLOR']) return false;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}
