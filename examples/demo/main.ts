import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from './client.ts';
import { Effects } from './effects.ts';
import { type Figures, percentile, table } from './figures.ts';
import { Progress } from './progress.ts';
import { Server } from './server.ts';
import { type Request, workload } from './workload.ts';

const REQUESTS = 2000;
const CONNECTIONS = 32;
/** Shares of the requests after which the two accidents happen. */
const KILL_RUNNER_AT = 0.25;
const KILL_SERVER_AT = 0.6;
const POLL_MS = 50;

interface Ended {
  /** Of the task itself, where a repeated request was given an id of its own. */
  readonly id: string;
  readonly state: string;
  /** Milliseconds in the handler. */
  readonly ms: number;
}

/** Runs the demo in `folder`. */
async function run(folder: string): Promise<Figures> {
  const effectsFile = join(folder, 'effects.ndjson');
  const effects = new Effects(effectsFile);
  const server = new Server(join(folder, 'data'), {
    DEMO_EFFECTS: effectsFile,
    EXAMPLES_OUT: join(folder, 'out'),
  });
  const client = new Client(() => server.url);
  const accepted = new Map<string, number>();
  const progress = new Progress(REQUESTS, () => {
    effects.refresh();
    return { accepted: accepted.size, processed: effects.done };
  });
  try {
    await server.start();
    progress.say(`A server runs at ${server.url.origin}; ${REQUESTS} requests are on their way.`);
    const accidents = cause(server, effects, accepted, progress);
    await Promise.all([accept(client, workload(REQUESTS), accepted), accidents]);
    const ends = await endsOf(client, [...accepted.keys()]);
    progress.end();
    return figures(accepted, ends, effects);
  } finally {
    progress.end();
    client.close();
    await server.stop();
    effects.close();
  }
}

/** Sends all, some at a time. */
async function accept(client: Client, requests: Request[], accepted: Map<string, number>): Promise<void> {
  const next = requests.values();
  const send = async (): Promise<void> => {
    for (const { path, body, key } of next) {
      const answer = await client.insist('POST', path, body, key);
      if (answer.status !== 202)
        throw new Error(`the answer was ${answer.status}: ${JSON.stringify(answer.body)}`);
      accepted.set(String(answer.body['id']), answer.ms);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
}

/** Kills a runner, then the whole server, which is then started again. */
async function cause(
  server: Server,
  effects: Effects,
  accepted: ReadonlyMap<string, number>,
  progress: Progress,
): Promise<void> {
  await until(() => {
    effects.refresh();
    return accepted.size >= REQUESTS * KILL_RUNNER_AT && effects.lastPid !== undefined;
  });
  const { lastPid } = effects;
  if (lastPid !== undefined) process.kill(lastPid, 'SIGKILL');
  progress.say(`kill -9 of a runner (process ${lastPid})`);
  await until(() => accepted.size >= REQUESTS * KILL_SERVER_AT);
  await server.kill();
  progress.say('kill -9 of the whole server; it is started again');
  await server.start();
}

async function endsOf(client: Client, ids: readonly string[]): Promise<Ended[]> {
  const ends: Ended[] = [];
  for (const id of ids) ends.push(await endOf(client, id));
  return ends;
}

/** How the task ended; a task that is not known any more has not. */
async function endOf(client: Client, id: string): Promise<Ended> {
  for (;;) {
    const { status, body } = await client.insist('GET', `/v1/tasks/${id}`);
    if (status !== 200) return { id, state: 'lost', ms: 0 };
    const { status: state, startedAt, finishedAt } = body;
    if (typeof finishedAt === 'string') {
      const ms = Date.parse(finishedAt) - Date.parse(String(startedAt));
      return { id: String(body['id']), state: String(state), ms };
    }
    await setTimeout(POLL_MS);
  }
}

function figures(accepted: ReadonlyMap<string, number>, ends: readonly Ended[], effects: Effects): Figures {
  effects.refresh();
  const times = [...accepted.values()];
  const succeeded = ends.filter(({ state }) => state === 'succeeded');
  const undone = succeeded.filter(({ id }) => !effects.isDone(id));
  return {
    accepted: accepted.size,
    succeeded: succeeded.length,
    failed: ends.filter(({ state }) => state !== 'succeeded' && state !== 'lost').length,
    lost: ends.filter(({ state }) => state === 'lost').length + undone.length,
    runTwice: effects.runTwice,
    acceptP50Ms: percentile(times, 0.5),
    acceptP99Ms: percentile(times, 0.99),
    processP50Ms: percentile(
      succeeded.map(({ ms }) => ms),
      0.5,
    ),
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(1);
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
try {
  const found = await run(folder);
  process.stderr.write(`\n${table(found)}\n\n`);
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(found)}\n`);
  if (found.lost > 0 || found.failed > 0 || found.accepted < REQUESTS) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
