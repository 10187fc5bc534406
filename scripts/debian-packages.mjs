// Installs the Debian packages named on the command line, where their programs are missing. Exit code 1, and a sentence
// that says why, where that can not be done.
import { execFileSync } from 'node:child_process';

/** The program that tells whether a package is there. */
const PROGRAMS = {
  strace: ['strace', '-V'],
  haproxy: ['haproxy', '-v'],
  openssl: ['openssl', 'version'],
  'rabbitmq-server': ['test', '-x', '/usr/lib/rabbitmq/bin/rabbitmq-server'],
  postgresql: ['sh', '-c', 'ls /usr/lib/postgresql/*/bin/postgres || which postgres'],
};

function works([program, ...args]) {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const missing = process.argv.slice(2).filter((name) => !works(PROGRAMS[name] ?? [name, '--version']));
if (missing.length > 0) {
  const options = {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], options);
  } catch (error) {
    console.error(`${missing.join(', ')} can not be installed: ${error.message}`);
    process.exitCode = 1;
  }
}
