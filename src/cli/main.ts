#!/usr/bin/env node
import { packageVersion } from './own-package.ts';

const argv = process.argv.slice(2);
const [only] = argv;

// A reader that goes away, such as `head`, ends the command; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

if (argv.length === 1 && (only === '--version' || only === '-v')) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  const { runCommandLine } = await import('./command-line.ts');
  await runCommandLine(argv);
}
