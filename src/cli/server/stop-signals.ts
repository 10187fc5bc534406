import { EXIT } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Resolves when the process is asked to stop, which takes up to `graceMs` then. A second request ends it at once: running tasks are recovered by the
 * next start.
 */
export async function askedToStop(terminal: Terminal, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(EXIT.interrupted);
      asked = true;
      if (!terminal.json) sayStopping(terminal, signal, graceMs);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
}

function sayStopping(terminal: Terminal, signal: NodeJS.Signals, graceMs: number): void {
  const typed = signal === 'SIGINT';
  terminal.say(`${typed ? '\n' : ''}Stopping: what runs has ${graceMs / 1000} s to end.`);
  if (typed) terminal.say('Press Ctrl-C again to stop at once.');
}
