import { writeFileSync } from 'node:fs';
import { systemClock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import type { FromRunner, ToRunner } from '../core/run-protocol.ts';
import { standBack } from '../core/stand-back.ts';
import { TaskIds } from '../core/task-id.ts';
import { loadDefinitions } from './load-definitions.ts';
import { Runner } from './runner.ts';
import { taskErrorOf } from './thrown.ts';
import { WorkerChannel } from './worker-channel.ts';

// The entry of a runner process, which a worker forks. Its channel is taken away from `process` before any code of the
// user is loaded, since many libraries write to `process.send` where they find one.
const send = process.send?.bind(process);
delete process.send;

const NICENESS = 5;

const channel = new WorkerChannel((batch: FromRunner[], sent) => {
  // A channel that is gone is told by 'disconnect'.
  send?.(batch, undefined, undefined, () => sent());
});

async function load(message: Extract<ToRunner, { kind: 'load' }>): Promise<Runner | undefined> {
  const loaded = await loadDefinitions(message.module);
  if ('refusal' in loaded) {
    channel.tell({ kind: 'refused', ...loaded.refusal });
    return undefined;
  }
  const { definitions, manifest } = loaded;
  const { maxResultBytes, maxBodyBytes } = message;
  const ids = new TaskIds(message.secrets, systemClock, systemRandom);
  channel.tell({ kind: 'ready', manifest });
  return new Runner({ definitions, ids, clock: systemClock, channel, maxResultBytes, maxBodyBytes });
}

function die(thrown: unknown): void {
  channel.tell({ kind: 'dying', error: taskErrorOf(thrown) });
  channel.flush(() => process.exit(1));
}

/** Lets the kernel end this process, not its parent, when the machine runs out of memory. */
function volunteerForOutOfMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Only Linux has it, and some sandboxes forbid it.
  }
}

volunteerForOutOfMemory();
// Accepting goes before running: where all cores are busy, what shares the machine with the runners still answers.
void standBack(process.pid, NICENESS);
process.title = 'sluice-runner';
process.on('uncaughtException', die);
process.on('unhandledRejection', die);
process.on('disconnect', () => process.exit(0));
// What ended in the turn that calls process.exit() is told, so that it is not run again.
process.on('exit', () => channel.flush());
// Supervisors send these to every process; when to stop is the worker's decision.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

let runner: Promise<Runner | undefined> = Promise.resolve(undefined);
process.on('message', (batch: readonly ToRunner[]) => {
  for (const message of batch) {
    if (message.kind === 'load') runner = load(message);
    else void runner.then((loaded) => loaded?.receive(message));
  }
});
