import type { EventEmitter } from 'node:events';

/**
 * Keeps an 'error' of `emitter` from ending this process, which would leave the engines that it has started behind. What
 * waits for an answer is told by other means.
 */
export function withErrorListener<T extends EventEmitter>(emitter: T): T {
  return emitter.on('error', () => undefined);
}
