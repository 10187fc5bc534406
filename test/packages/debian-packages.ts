import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';

/** Debian packages that the tests need, each with a command that succeeds where its program is there. */
const PRESENT = {
  haproxy: ['haproxy', '-v'],
  openssl: ['openssl', 'version'],
  postgresql: ['sh', '-c', 'ls /usr/lib/postgresql/*/bin/postgres || which postgres'],
  'rabbitmq-server': ['test', '-x', '/usr/lib/rabbitmq/bin/rabbitmq-server'],
  'redis-server': ['redis-server', '--version'],
  strace: ['strace', '-V'],
} as const;

export type DebianPackage = keyof typeof PRESENT;

declare module 'vitest' {
  interface ProvidedContext {
    /** Those that are not there, and can not be installed. */
    missingPackages: readonly DebianPackage[];
  }
}

const NAMES = Object.keys(PRESENT) as DebianPackage[];

/**
 * Installs what is missing, where that may be, before the first test: test files run beside one another, and only one
 * process can install at a time.
 */
export function setup(project: TestProject): void {
  const needed = NAMES.filter(isMissing);
  if (needed.length > 0) install(needed);
  project.provide('missingPackages', needed.filter(isMissing));
}

function isMissing(name: DebianPackage): boolean {
  const [program, ...args] = PRESENT[name];
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
}

function install(names: readonly DebianPackage[]): void {
  const list = names.join(' ');
  say(`The tests need ${list}: installing with apt-get.`);
  try {
    aptGet('update');
    aptGet('install', '-y', '--no-install-recommends', ...names);
  } catch (error) {
    say(`That failed. Without it the tests that need it do not run: apt-get install ${list}`);
    say(error instanceof Error ? error.message : String(error));
  }
}

function aptGet(...args: readonly string[]): void {
  execFileSync('apt-get', ['-qq', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
