import assert from 'node:assert/strict';
import type { Signals } from '../signals/signals.ts';
import {
  type ConformanceOptions,
  registerConformance,
  type SuiteRunner,
  type Topics,
} from './conformance.ts';
import { eventually } from './eventually.ts';

/** Fresh signals that no other test listens to. */
export interface SignalsUnderTest {
  readonly signals: Signals;
  dispose?(): Promise<void>;
}

export type SignalsFactory = () => Promise<SignalsUnderTest> | SignalsUnderTest;

/** Registers what every Signals has to do. */
export function signalsConformance(
  runner: SuiteRunner,
  name: string,
  factory: SignalsFactory,
  options: ConformanceOptions = {},
): void {
  registerConformance(runner, `${name} signals`, TOPICS, {
    ...options,
    open: factory,
    close: async (subject) => {
      await subject.signals.close();
      await subject.dispose?.();
    },
  });
}

/** Everything published before has arrived where a later signal on the same topic has. */
async function settled(signals: Signals, topic: string): Promise<void> {
  let arrived = false;
  const stop = await signals.subscribe(topic, (payload) => {
    arrived ||= payload === 'last of all';
  });
  signals.publish(topic, 'last of all');
  await eventually('the last signal has come', () => arrived);
  stop();
}

async function collect(signals: Signals, topic: string): Promise<{ seen: string[]; stop: () => void }> {
  const seen: string[] = [];
  const stop = await signals.subscribe(topic, (payload) => {
    if (payload !== 'last of all') seen.push(payload);
  });
  return { seen, stop };
}

const TOPICS: Topics<SignalsUnderTest> = {
  delivery: {
    'tells a subscriber what is published, in order and unchanged': async ({ signals }) => {
      const { seen } = await collect(signals, 'a');
      for (const payload of ['1', '{"ä":"😀\\n"}', '']) signals.publish('a', payload);
      await settled(signals, 'a');
      assert.deepEqual(seen, ['1', '{"ä":"😀\\n"}', '']);
    },
    'tells every subscriber of a topic': async ({ signals }) => {
      const listeners = await Promise.all([1, 2, 3].map(() => collect(signals, 'a')));
      signals.publish('a', 'x');
      await settled(signals, 'a');
      assert.deepEqual(
        listeners.map(({ seen }) => seen),
        [['x'], ['x'], ['x']],
      );
    },
    'keeps topics apart': async ({ signals }) => {
      const a = await collect(signals, 'task:a');
      const b = await collect(signals, 'task:ab');
      signals.publish('task:a', 'A');
      signals.publish('task:ab', 'B');
      await settled(signals, 'task:a');
      await settled(signals, 'task:ab');
      assert.deepEqual([a.seen, b.seen], [['A'], ['B']]);
    },
    'keeps nothing for those who come later': async ({ signals }) => {
      signals.publish('a', 'too early');
      await settled(signals, 'a');
      const { seen } = await collect(signals, 'a');
      await settled(signals, 'a');
      assert.deepEqual(seen, []);
    },
  },
  subscriptions: {
    'tells nothing after the subscription ended, and goes on telling the others': async ({ signals }) => {
      const gone = await collect(signals, 'a');
      const stays = await collect(signals, 'a');
      gone.stop();
      gone.stop();
      signals.publish('a', 'x');
      await settled(signals, 'a');
      assert.deepEqual([gone.seen, stays.seen], [[], ['x']]);
    },
    'survives a subscriber that ends its subscription from within a signal': async ({ signals }) => {
      const seen: string[] = [];
      const stop = await signals.subscribe('a', (payload) => {
        seen.push(payload);
        stop();
      });
      const other = await collect(signals, 'a');
      signals.publish('a', '1');
      await settled(signals, 'a');
      signals.publish('a', '2');
      await settled(signals, 'a');
      assert.deepEqual([seen, other.seen], [['1'], ['1', '2']]);
    },
    'a subscriber that throws harms neither the publisher nor the others': async ({ signals }) => {
      await signals.subscribe('a', () => {
        throw new Error('a listener that fails');
      });
      const { seen } = await collect(signals, 'a');
      signals.publish('a', 'x');
      await settled(signals, 'a');
      assert.deepEqual(seen, ['x']);
    },
  },
  closing: {
    'publishes and subscribes to nothing, without failing, once it is closed': async ({ signals }) => {
      const { seen } = await collect(signals, 'a');
      await signals.close();
      signals.publish('a', 'x');
      const stop = await signals.subscribe('a', (payload) => seen.push(payload));
      signals.publish('a', 'y');
      stop();
      assert.deepEqual(seen, []);
    },
  },
};
