import { parseArgs } from 'node:util';
import { type ArgDef, type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import { SluiceError } from '../core/errors.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const COMMON = {
  json: { type: 'boolean', description: 'Write JSON: one object, or one a line for lists.' },
  color: { type: 'boolean', description: 'Write in colours.', negativeDescription: 'Write without.' },
} as const satisfies ArgsDef;

export interface CommandOptions<A extends ArgsDef> {
  /** As it is typed, such as `tasks list`. */
  readonly name: string;
  readonly what: string;
  readonly args: A;
  /**
   * @param values all that a flag was given, in order; `args` has the last
   * @returns the exit code, where it is not 0
   */
  readonly run: (
    args: ParsedArgs<A>,
    terminal: Terminal,
    values: (flag: string) => readonly string[],
  ) => Promise<number | void>;
}

/** A command of the line. Unlike those of citty alone, it refuses what it does not know. */
export function command<const A extends ArgsDef>({ name, what, args, run }: CommandOptions<A>): CommandDef {
  const all: ArgsDef = { ...args, ...COMMON };
  return defineCommand({
    meta: { name, description: what },
    args: all,
    run: async ({ args: parsed, rawArgs }) => {
      const typed = `sluice ${name}`;
      refuseUnknown(typed, all, rawArgs);
      const values = valuesOf(typed, all, rawArgs);
      refuseExtra(typed, all, parsed._);
      const terminal = openTerminal({ json: parsed['json'] === true, color: parsed['color'] !== false });
      const exitCode = await run(parsed as ParsedArgs<A>, terminal, (flag) => values.get(flag) ?? []);
      process.exitCode = exitCode ?? process.exitCode;
    },
  });
}

function refuseUnknown(command: string, args: ArgsDef, rawArgs: readonly string[]): void {
  const unknown = flagsOf(rawArgs).find(
    (given) => !flagsIn(args).some(([name, { type }]) => fits(given, name, type)),
  );
  if (unknown !== undefined) throw commandInvalid(command, `There is no option ${unknown}`);
}

/** What each flag that takes a value was given. */
function valuesOf(command: string, args: ArgsDef, rawArgs: readonly string[]): Map<string, string[]> {
  const flags = flagsIn(args);
  const options = Object.fromEntries(
    flags.map(([name, { type }]) => [name, { type: type === 'boolean' ? type : 'string' }] as const),
  );
  const { tokens } = parseArgs({ args: [...rawArgs], options, strict: false, tokens: true });
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option' || options[token.name]?.type !== 'string') continue;
    const { name, value, inlineValue } = token;
    // The next flag is no value, unless it is written behind an equals sign.
    if (!value || (!inlineValue && looksLikeFlag(value))) {
      throw commandInvalid(command, `The option --${name} takes a value`);
    }
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function refuseExtra(command: string, args: ArgsDef, given: readonly string[]): void {
  const extra = given[Object.keys(args).length - flagsIn(args).length];
  if (extra !== undefined) throw commandInvalid(command, `There is nothing to do with "${extra}"`);
}

function flagsIn(args: ArgsDef): [name: string, definition: ArgDef][] {
  return Object.entries(args).filter(([, { type }]) => type !== 'positional');
}

/** What begins like a flag, without its value. */
function flagsOf(rawArgs: readonly string[]): string[] {
  const end = rawArgs.indexOf('--');
  const before = end < 0 ? rawArgs : rawArgs.slice(0, end);
  return before.filter(looksLikeFlag).map((arg) => arg.split('=')[0] ?? arg);
}

/** A lone hyphen stands for the standard input. */
function looksLikeFlag(arg: string): boolean {
  return /^-./.test(arg);
}

function fits(given: string, name: string, type: string | undefined): boolean {
  return given === `--${name}` || (type === 'boolean' && given === `--no-${name}`);
}

export function commandInvalid(command: string, reason: string): SluiceError {
  return new SluiceError('SLUICE_COMMAND_INVALID', { command, reason });
}
