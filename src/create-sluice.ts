import type { SluiceOptions } from './process-options.ts';
import type { Sluice } from './sluice.ts';

/**
 * Starts everything on this machine: the tasks are loaded, what a crash left behind is taken up again, and workers run.
 * Only now is the server's code loaded, since every runner imports this package for its task files.
 * @throws SluiceError that says what keeps it from starting; nothing is left running then
 */
export async function createSluice(options: SluiceOptions): Promise<Sluice> {
  const root = await import('./sluice.ts');
  return root.createSluice(options);
}
