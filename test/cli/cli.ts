import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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
  /** Of the API; of a worker, that of its metrics. */
  readonly url: string;
  readonly child: ChildProcess;
  /** All that it has written. */
  readonly said: () => string;
  /** Sends a signal and waits for the end. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/**
 * Starts `dev`, `start`, `gateway` or `worker` (with `--json`) on free ports, and waits until it is ready. It is killed
 * after the test.
 */
export async function serving(args: readonly string[], options: RunOptions = {}): Promise<Running> {
  const child = start([...args, '--port', '0', '--metrics-port', '0'], options);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended(child);
  });
  let said = '';
  const ready = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const url = /"(?:url|metricsUrl)":"([^"]+)"|ready at (\S+)\n/.exec(said);
      if (url) resolve(url[1] ?? url[2] ?? '');
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    return ended(child);
  };
  return { url: await ready, child, said: () => said, end };
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
