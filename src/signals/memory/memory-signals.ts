import type { Logger } from '../../core/logger.ts';
import { messageOf } from '../../core/errors.ts';
import type { Signals, Unsubscribe } from '../signals.ts';

type Listener = (payload: string) => void;

/** Signals within the process, told at once and in order. */
export function openMemorySignals({ logger }: { readonly logger: Logger }): Signals {
  const topics = new Map<string, Set<Listener>>();
  let open = true;

  const tell = (topic: string, listener: Listener, payload: string): void => {
    try {
      listener(payload);
    } catch (error) {
      logger.error('a listener to signals failed', { topic, error: messageOf(error) });
    }
  };

  return {
    publish(topic: string, payload: string): void {
      // A copy, so that one who subscribes meanwhile does not hear what was published before.
      const listeners = Array.from(topics.get(topic) ?? []);
      for (const listener of listeners) tell(topic, listener, payload);
    },
    async subscribe(topic: string, onSignal: Listener): Promise<Unsubscribe> {
      if (!open) return () => undefined;
      // Its own function, so that one listener may subscribe twice.
      const listener: Listener = (payload) => onSignal(payload);
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && topics.get(topic) === listeners) topics.delete(topic);
      };
    },
    async close(): Promise<void> {
      open = false;
      topics.clear();
    },
  };
}
