import {
  type ArgsDef,
  type CommandDef,
  defineCommand,
  renderUsage,
  runCommand,
  type SubCommandsDef,
} from 'citty';
import type { SluiceError } from '../core/errors.ts';
import { commandInvalid } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { packageVersion } from './own-package.ts';
import { reportFailure } from './report-failure.ts';
import { openTerminal, showsColour, type Terminal } from './terminal.ts';
import { stripVTControlCharacters } from 'node:util';

const TASKS: SubCommandsDef = {
  list: () => import('./commands/tasks-list.ts').then((file) => file.tasksList),
  get: () => import('./commands/tasks-get.ts').then((file) => file.tasksGet),
  watch: () => import('./commands/tasks-watch.ts').then((file) => file.tasksWatch),
  cancel: () => import('./commands/tasks-cancel.ts').then((file) => file.tasksCancel),
};

const CLUSTER: SubCommandsDef = {
  up: () => import('./commands/cluster-up.ts').then((file) => file.clusterUp),
  status: () => import('./commands/cluster-status.ts').then((file) => file.clusterStatus),
  kill: () => import('./commands/cluster-member.ts').then((file) => file.clusterKill),
  pause: () => import('./commands/cluster-member.ts').then((file) => file.clusterPause),
  heal: () => import('./commands/cluster-member.ts').then((file) => file.clusterHeal),
  down: () => import('./commands/cluster-down.ts').then((file) => file.clusterDown),
};

const COMMANDS: SubCommandsDef = {
  dev: () => import('./commands/dev.ts').then((file) => file.dev),
  start: () => import('./commands/start.ts').then((file) => file.start),
  gateway: () => import('./commands/gateway.ts').then((file) => file.gateway),
  worker: () => import('./commands/worker.ts').then((file) => file.worker),
  build: () => import('./commands/build.ts').then((file) => file.build),
  enqueue: () => import('./commands/enqueue.ts').then((file) => file.enqueue),
  tasks: defineCommand({
    meta: { name: 'tasks', description: 'Look at tasks and cancel them.' },
    subCommands: TASKS,
  }),
  cluster: defineCommand({
    meta: { name: 'cluster', description: 'Run, look at and break the production topology on this machine.' },
    subCommands: CLUSTER,
  }),
  init: () => import('./commands/init.ts').then((file) => file.init),
  balancer: () => import('./commands/balancer.ts').then((file) => file.balancer),
  migrate: () => import('./commands/migrate.ts').then((file) => file.migrate),
  doctor: () => import('./commands/doctor.ts').then((file) => file.doctor),
};

const ROOT_ARGS: ArgsDef = { version: { type: 'boolean', description: 'Show the version, alone.' } };

const ROOT = defineCommand({
  meta: { name: 'sluice', version: packageVersion(), description: 'Turn slow endpoints into fast ones.' },
  args: ROOT_ARGS,
  subCommands: COMMANDS,
});

/** Runs what `argv` asks for. Sets the exit code; never throws. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const terminal = openTerminal({ json: argv.includes('--json'), color: !argv.includes('--no-color') });
  try {
    const found = await findCommand(argv);
    const helped = argv.slice(0, endOf(argv)).some((arg) => arg === '--help' || arg === '-h');
    if (helped) terminal.data(await usage(found));
    else if (found.command.subCommands) refuseGroup(found, argv);
    else await runCommand(found.command, { rawArgs: [...found.rest] });
  } catch (error) {
    await fail(error, argv, terminal);
  }
}

interface Found {
  readonly command: CommandDef;
  /** As it is typed. */
  readonly name: string;
  readonly rest: readonly string[];
}

async function findCommand(argv: readonly string[]): Promise<Found> {
  let found: Found = { command: ROOT, name: 'sluice', rest: argv };
  for (const word of argv) {
    const commands = found.command.subCommands as SubCommandsDef | undefined;
    if (!commands || !Object.hasOwn(commands, word)) break;
    const next = commands[word];
    const command = (await (typeof next === 'function' ? next() : next)) as CommandDef;
    found = { command, name: `${found.name} ${word}`, rest: found.rest.slice(1) };
  }
  return found;
}

function refuseGroup({ name, rest }: Found, argv: readonly string[]): never {
  const [word] = rest;
  if (word === undefined) throw commandInvalid(name, argv.length === 0 ? 'Name a command' : `Say what to do`);
  throw commandInvalid(
    name,
    word.startsWith('-') ? `There is no option ${word} here` : `There is no command "${word}"`,
  );
}

async function usage({ command }: Found): Promise<string> {
  const text = await renderUsage(command, command === ROOT ? undefined : ROOT);
  return showsColour(process.env, process.stdout.isTTY) ? text : stripVTControlCharacters(text);
}

async function fail(thrown: unknown, argv: readonly string[], terminal: Terminal): Promise<void> {
  const error = isUsageOfCitty(thrown) ? await asCommandInvalid(thrown, argv) : thrown;
  reportFailure(error, terminal);
  process.exitCode = exitCodeOf(error);
}

/** Such as an argument that is missing. */
function isUsageOfCitty(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'CLIError';
}

async function asCommandInvalid(thrown: Error, argv: readonly string[]): Promise<SluiceError> {
  const { name } = await findCommand(argv);
  return commandInvalid(name, stripVTControlCharacters(thrown.message).replace(/\.$/, ''));
}

function endOf(argv: readonly string[]): number {
  const end = argv.indexOf('--');
  return end < 0 ? argv.length : end;
}
