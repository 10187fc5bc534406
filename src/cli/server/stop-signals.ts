import { EXIT } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Resolves when the process is asked to stop. A second request ends it at once: running tasks are recovered by the
 * next start.
 */
export async function askedToStop(terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(EXIT.interrupted);
      asked = true;
      terminal.say(signal === 'SIGINT' ? '\nStopping; press Ctrl-C again to stop at once.' : 'Stopping.');
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
}
