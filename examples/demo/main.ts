import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from './client.ts';
import { Effects } from './effects.ts';
import { endsOf } from './ends.ts';
import { figuresOf, type Figures, table } from './figures.ts';
import { Gate } from './gate.ts';
import { Progress } from './progress.ts';
import { Server } from './server.ts';
import { type Request, workload } from './workload.ts';

const REQUESTS = 2000;
const CONNECTIONS = 32;
/** The runner is killed when so many are accepted, the server when so many are; up to the second, more are sent meanwhile. */
const RUNNER_AT = { accepted: 500, sent: 900 };
const SERVER_AT = { accepted: 1200, sent: 1600 };
const DEADLINE_MS = 5 * 60_000;

interface Scene {
  readonly server: Server;
  readonly client: Client;
  readonly effects: Effects;
  /** Milliseconds that each accepted task took to be accepted, by id. */
  readonly accepted: Map<string, number>;
  readonly progress: Progress;
  readonly gate: Gate;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** Runs the demo in `folder`. */
async function run(folder: string): Promise<Figures> {
  const effectsFile = join(folder, 'effects.ndjson');
  const effects = new Effects(effectsFile);
  const accepted = new Map<string, number>();
  const server = new Server(join(folder, 'data'), {
    DEMO_EFFECTS: effectsFile,
    EXAMPLES_OUT: join(folder, 'out'),
  });
  const client = new Client(() => server.url);
  const progress = new Progress(REQUESTS, () => {
    effects.refresh();
    return { accepted: accepted.size, processed: effects.done };
  });
  const gate = new Gate(RUNNER_AT.sent);
  const scene = { server, client, effects, accepted, progress, gate, deadline: Date.now() + DEADLINE_MS };
  try {
    await server.start();
    progress.say(`A server runs at ${server.url.origin}; ${REQUESTS} requests are on their way.`);
    await Promise.all([sendAll(scene, workload(REQUESTS)), accidents(scene)]);
    const ends = await endsOf(client, [...accepted.keys()], scene.deadline);
    effects.refresh();
    return figuresOf({ accepted: [...accepted.values()], ends, effects });
  } finally {
    progress.end();
    client.close();
    await server.stop();
    effects.close();
  }
}

async function sendAll({ client, accepted, gate }: Scene, requests: readonly Request[]): Promise<void> {
  const next = requests.values();
  const send = async (): Promise<void> => {
    for (const { path, body, key } of next) {
      await gate.pass();
      const answer = await client.insist('POST', path, body, key);
      if (answer.status !== 202) {
        throw new Error(`the answer was ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      accepted.set(String(answer.body['id']), answer.ms);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
}

/** Kills a runner that is at work, then the whole server, which is then started again. */
async function accidents({ server, effects, accepted, progress, gate, deadline }: Scene): Promise<void> {
  const pid = await until(deadline, () => {
    effects.refresh();
    return accepted.size >= RUNNER_AT.accepted ? effects.lastPid : undefined;
  });
  process.kill(pid, 'SIGKILL');
  progress.say(`kill -9 of a runner (process ${pid})`);
  gate.allow(SERVER_AT.sent);
  await until(deadline, () => accepted.size >= SERVER_AT.accepted || undefined);
  await server.kill();
  progress.say('kill -9 of the whole server; it is started again');
  await server.start();
  gate.allow(REQUESTS);
}

/** What `look` finds, once it finds something. */
async function until<T>(deadline: number, look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('the demo takes too long: nothing happens any more');
    await setTimeout(1);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
try {
  const figures = await run(folder);
  process.stderr.write(`\n${table(figures)}\n\n`);
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(figures)}\n`);
  if (figures.lost > 0 || figures.succeeded < REQUESTS) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
