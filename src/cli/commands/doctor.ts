import { messageOf } from '../../core/errors.ts';
import { type Finding, fail } from '../checks/check.ts';
import { checkEngines } from '../checks/engines.ts';
import type { EngineSetting } from '../checks/engine.ts';
import { API, checkPort, METRICS, type Purpose } from '../checks/port.ts';
import { checkEsbuild, checkNode, checkOpenFiles } from '../checks/runtime.ts';
import { checkTasks } from '../checks/tasks.ts';
import { command } from '../command.ts';
import { type Choice, choose, valueOf } from '../configuration/configuration.ts';
import { EXIT } from '../exit-code.ts';
import { SERVER_ARGS, serverSources } from '../configuration/setting-args.ts';
import { SETTINGS, type Setting, type SettingName } from '../configuration/settings.ts';
import { tasksPath } from '../configuration/tasks-path.ts';
import type { Terminal } from '../terminal.ts';

const INDENT = `\n${' '.repeat(21)}`;

/** A setting as the doctor shows it. */
interface Shown {
  readonly name: string;
  readonly value: string | null;
  readonly origin: string;
  readonly from: string;
}

export const doctor = command({
  name: 'doctor',
  what: 'Check the set-up, and say where each value of the configuration comes from.',
  args: SERVER_ARGS,
  run: async (args, terminal) => {
    const choices = choose(await serverSources(args));
    const settings = choices.map(shown);
    const findings = [...choices.flatMap(misread), ...(await examine(choices))];
    const healthy = findings.every(({ verdict }) => verdict !== 'fail');
    if (terminal.json) terminal.data(JSON.stringify({ ok: healthy, settings, checks: findings }));
    else print(settings, findings, terminal);
    return healthy ? EXIT.ok : EXIT.failure;
  },
});

async function examine(choices: readonly Choice[]): Promise<readonly Finding[]> {
  const value = (name: SettingName): unknown => {
    const found = choices.find((choice) => choice.name === name);
    return found && misread(found).length === 0 ? valueOf(found) : undefined;
  };
  const text = (name: SettingName): string | undefined => {
    const given = value(name);
    return typeof given === 'string' ? given : undefined;
  };
  const engine = (name: SettingName): EngineSetting | undefined => {
    const url = text(name);
    const from = choices.find((choice) => choice.name === name)?.from;
    return url === undefined || from === undefined ? undefined : { url, from };
  };
  const [tasks, host] = [text('tasks'), text('host')];
  const ports: [unknown, Purpose][] = [
    [value('port'), API],
    [value('metricsPort'), METRICS],
  ];
  return [
    checkNode(),
    await checkOpenFiles(),
    await checkEsbuild(),
    ...(tasks === undefined ? [] : [await checkTasks(tasksPath(tasks))]),
    ...(await checkEngines({
      queue: engine('queueUrl'),
      database: engine('databaseUrl'),
      cache: engine('cacheUrl'),
      signals: engine('signalsUrl'),
      data: text('data'),
      spool: text('spool'),
      hasSecret: value('secret') !== undefined,
      requireDurable: value('requireDurable') === true,
    })),
    ...(host === undefined ? [] : await checkPorts(host, ports)),
  ];
}

async function checkPorts(host: string, ports: readonly [unknown, Purpose][]): Promise<Finding[]> {
  const known = ports.flatMap(([port, purpose]) => (typeof port === 'number' ? [{ port, purpose }] : []));
  return Promise.all(known.map(async ({ port, purpose }) => checkPort(host, port, purpose)));
}

function shown({ name, origin, from, text }: Choice): Shown {
  const setting: Setting<unknown> = SETTINGS[name];
  return { name, value: setting.secret && text !== undefined ? '(secret)' : (text ?? null), origin, from };
}

function misread(choice: Choice): Finding[] {
  try {
    valueOf(choice);
    return [];
  } catch (error) {
    return [fail('configuration', messageOf(error), `correct it in ${choice.from}`)];
  }
}

function print(settings: readonly Shown[], findings: readonly Finding[], terminal: Terminal): void {
  terminal.data('Configuration');
  for (const { name, value, origin, from } of settings) {
    const where = origin === 'default' ? 'default' : from;
    terminal.data(`  ${name.padEnd(15)} ${(value ?? '-').padEnd(24)} ${where}`);
  }
  terminal.data('\nChecks');
  for (const { subject, verdict, says, fix } of findings) {
    terminal.data(`  ${verdict.padEnd(4)} ${subject.padEnd(13)} ${says.replaceAll('\n', INDENT)}`);
    if (fix !== undefined) terminal.data(`${INDENT.slice(1)}fix: ${fix}`);
  }
}
