/** Ends a subscription. */
export type Unsubscribe = () => void;

/**
 * Ephemeral publish/subscribe for progress, completion and cancel. Losing a signal costs latency (a poll finds what it
 * would have told), never correctness.
 */
export interface Signals {
  /** Never rejects or throws. */
  publish(topic: string, payload: string): void;
  /** Calls `onSignal` for what is published from when the promise resolves on. Never rejects. */
  subscribe(topic: string, onSignal: (payload: string) => void): Promise<Unsubscribe>;
  close(): Promise<void>;
}
