import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
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
   * @param rawArgs as they were typed, for options that may be given several times
   * @returns the exit code, where it is not 0
   */
  readonly run: (
    args: ParsedArgs<A>,
    terminal: Terminal,
    rawArgs: readonly string[],
  ) => Promise<number | void>;
}

/** A command of the line. Unlike those of citty alone, it refuses what it does not know. */
export function command<const A extends ArgsDef>({ name, what, args, run }: CommandOptions<A>): CommandDef {
  const all: ArgsDef = { ...args, ...COMMON };
  return defineCommand({
    meta: { name, description: what },
    args: all,
    run: async ({ args: parsed, rawArgs }) => {
      refuseUnknown(`sluice ${name}`, all, rawArgs, parsed);
      const terminal = openTerminal({ json: parsed['json'] === true, color: parsed['color'] !== false });
      process.exitCode = (await run(parsed as ParsedArgs<A>, terminal, rawArgs)) ?? process.exitCode;
    },
  });
}

function refuseUnknown(
  command: string,
  args: ArgsDef,
  rawArgs: readonly string[],
  parsed: { _: string[] },
): void {
  const flags = Object.entries(args).filter(([, { type }]) => type !== 'positional');
  const unknown = flagsOf(rawArgs).find(
    (given) => !flags.some(([name, { type }]) => fits(given, name, type)),
  );
  if (unknown !== undefined) throw commandInvalid(command, `There is no option ${unknown}`);
  const empty = flags.find(([name, { type }]) => type === 'string' && Reflect.get(parsed, name) === '');
  if (empty) throw commandInvalid(command, `The option --${empty[0]} takes a value`);
  const extra = parsed._[Object.keys(args).length - flags.length];
  if (extra !== undefined) throw commandInvalid(command, `There is nothing to do with "${extra}"`);
}

/** What begins like a flag, without its value. A lone hyphen stands for the standard input. */
function flagsOf(rawArgs: readonly string[]): string[] {
  const end = rawArgs.indexOf('--');
  const before = end < 0 ? rawArgs : rawArgs.slice(0, end);
  return before.filter((arg) => /^-./.test(arg)).map((arg) => arg.split('=')[0] ?? arg);
}

function fits(given: string, name: string, type: string | undefined): boolean {
  return given === `--${name}` || (type === 'boolean' && given === `--no-${name}`);
}

export function commandInvalid(command: string, reason: string): SluiceError {
  return new SluiceError('SLUICE_COMMAND_INVALID', { command, reason });
}
