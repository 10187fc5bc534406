import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const QUIET = { SLUICE_LOG_LEVEL: 'error', NO_COLOR: '1' };

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function sluice(args: readonly string[], { cwd, env, input }: RunOptions = {}): Promise<Ran> {
  const child = start(args, { ...(cwd ? { cwd } : {}), ...(env ? { env } : {}) });
  child.stdin?.end(input ?? '');
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

/** A server that runs beside the test. */
export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has said on stderr. */
  readonly said: () => string;
  /** Sends a signal and waits for the end. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts `dev` or `start` on free ports, and waits until it is ready. It is killed after the test. */
export async function serving(args: readonly string[], options: RunOptions = {}): Promise<Running> {
  const child = start([...args, '--port', '0', '--metrics-port', '0', '--json'], options);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended(child);
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ready = once(createInterface(child.stdout ?? process.stdin), 'line') as Promise<[string]>;
  const failed = ended(child).then((code) => {
    throw new Error(`it ended with ${code}: ${said}`);
  });
  const [line] = await Promise.race([ready, failed]);
  failed.catch(() => undefined);
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    return ended(child);
  };
  return { url: (JSON.parse(line) as { url: string }).url, child, said: () => said, end };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

function start(args: readonly string[], { cwd, env }: RunOptions): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...clean(process.env), ...QUIET, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** Nothing of the machine's own configuration, and no colour of the test runner. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('SLUICE_') && !/COLOR/.test(name)),
  );
}

async function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream ? text(stream) : '';
}
