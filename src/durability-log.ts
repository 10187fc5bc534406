import { setTimeout as pause } from 'node:timers/promises';
import type { Health } from './core/health.ts';
import type { Logger } from './core/logger.ts';

/** An engine that can be asked what it promises. */
interface Promising {
  /** Never rejects. */
  health(): Promise<Health>;
}

export interface DurabilityLogOptions {
  /** By the name that they have in the log. */
  readonly engines: Readonly<Record<string, Promising>>;
  readonly logger: Logger;
  /** An engine that does not answer is asked again after so long. Default 5 s. */
  readonly againMs?: number;
}

const AGAIN_MS = 5000;

/**
 * Says in the log, once, what each engine promises of what it has confirmed; of one that does not answer yet, as soon as
 * it does. Ends when all is said, or with `signal`.
 */
export async function logDurability(
  { engines, logger, againMs = AGAIN_MS }: DurabilityLogOptions,
  signal: AbortSignal,
): Promise<void> {
  let silent = Object.entries(engines);
  for (let asked = 0; silent.length > 0 && !signal.aborted; asked += 1) {
    const found = await Promise.all(
      silent.map(async ([name, engine]) => ({ name, engine, health: await engine.health() })),
    );
    const told = asked === 0 ? found : found.filter(({ health }) => health.ok);
    if (told.length > 0 && !signal.aborted) tell(told, logger);
    silent = found.flatMap(({ name, engine, health }) => (health.ok ? [] : [[name, engine]]));
    // Asking again keeps no process alive.
    if (silent.length > 0) await pause(againMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function tell(found: readonly { readonly name: string; readonly health: Health }[], logger: Logger): void {
  const lines = Object.fromEntries(found.map(({ name, health }) => [name, lineOf(health)]));
  const weak = found.some(({ health: { ok, durable } }) => ok && !durable);
  if (weak) logger.warn('an engine promises less than it could: what it confirms can be lost', lines);
  else logger.info('what is confirmed lasts as the engines promise', lines);
}

function lineOf({ ok, durability, reason }: Health): string {
  return ok ? durability : `not known yet: ${reason ?? 'it does not answer'}`;
}
