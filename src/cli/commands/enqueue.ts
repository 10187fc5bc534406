import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseDuration } from '../../core/duration.ts';
import { messageOf, SluiceError } from '../../core/errors.ts';
import { awaitEnd, type Patience } from '../client/await-end.ts';
import { command, commandInvalid } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import type { HttpClient } from '../client/http-client.ts';
import { CLIENT_ARGS, connect } from '../configuration/setting-args.ts';
import { asTask, type TaskResource } from '../client/task-resource.ts';
import type { Terminal } from '../terminal.ts';

const NAME = /^[a-z][a-z0-9-]*$/;

export const enqueue = command({
  name: 'enqueue',
  what: 'Queue a task, and with --wait show its result.',
  args: {
    task: { type: 'positional', required: true, description: 'Name of the task.' },
    input: {
      type: 'positional',
      required: false,
      description: 'JSON of the input, @FILE, or - for the standard input. Default: {}.',
    },
    wait: {
      type: 'string',
      valueHint: 'DURATION',
      description: 'Wait so long for its end, and show the result.',
    },
    'idempotency-key': {
      type: 'string',
      valueHint: 'KEY',
      description: 'The same key never starts two tasks.',
    },
    delay: { type: 'string', valueHint: 'DURATION', description: 'Run it no sooner than this from now.' },
    'run-at': { type: 'string', valueHint: 'TIME', description: 'Run it no sooner than this.' },
    deadline: { type: 'string', valueHint: 'TIME', description: 'Do not start it later than this.' },
    priority: { type: 'string', valueHint: 'PRIORITY', description: 'high, normal or low.' },
    key: { type: 'string', valueHint: 'KEY', description: 'Tasks of one key run one after another.' },
    tag: { type: 'string', valueHint: 'TAG', description: 'A word to find it by. May be repeated.' },
    ...CLIENT_ARGS,
  },
  run: async (args, terminal, values) => {
    const client = connect(args);
    if (!NAME.test(args.task)) throw commandInvalid('sluice enqueue', `"${args.task}" is no name of a task`);
    const patience = args.wait === undefined ? undefined : patienceOf(args.wait);
    const body = await readInput(args.input ?? '{}');
    const reply = await client.call(`/v1/tasks/${args.task}`, {
      method: 'POST',
      body,
      headers: { 'idempotency-key': args['idempotency-key'], prefer: 'respond-async' },
      query: {
        delay: args.delay,
        runAt: args['run-at'],
        deadline: args.deadline,
        priority: args.priority,
        key: args.key,
        tag: values('tag'),
      },
    });
    const task = asTask(reply);
    if (!patience) {
      terminal.data(terminal.json ? JSON.stringify(task) : task.id);
      return EXIT.ok;
    }
    return showEnd(client, task, patience, terminal);
  },
});

function patienceOf(waited: string): Patience {
  return { ms: parseDuration(waited, '--wait'), waited };
}

async function showEnd(
  client: HttpClient,
  { id }: TaskResource,
  patience: Patience,
  terminal: Terminal,
): Promise<number> {
  if (!terminal.json) terminal.say(terminal.paint('dim', `queued as ${id}`));
  const end = await awaitEnd(client, id, { patience });
  if (terminal.json) terminal.data(JSON.stringify(end));
  else if (end.status === 'succeeded') terminal.data(JSON.stringify(end.result ?? null, undefined, 2));
  else terminal.say(`${terminal.paint('red', end.status)} ${end.error?.message ?? ''}`.trimEnd());
  return end.status === 'succeeded' ? EXIT.ok : EXIT.taskFailed;
}

async function readInput(given: string): Promise<string> {
  const json = await (given === '-'
    ? text(process.stdin)
    : given.startsWith('@')
      ? readInputFile(given.slice(1))
      : given);
  try {
    JSON.parse(json);
    return json;
  } catch (error) {
    throw new SluiceError('SLUICE_BODY_NOT_JSON', { reason: messageOf(error) }, { cause: error });
  }
}

async function readInputFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw commandInvalid('sluice enqueue', `The file ${path} can not be read (${messageOf(error)})`);
  }
}
