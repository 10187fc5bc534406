import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { disconnect } from '../../src/queue/rabbitmq/connection.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A connection to a node that is frozen: the library ends it when its socket ends with an error, or by the heartbeat. */
function frozen(): { readonly model: ChannelModel; readonly hungUp: Error[] } {
  const hungUp: Error[] = [];
  const destroy = (error: Error): number => hungUp.push(error);
  const close = (): Promise<void> => new Promise(() => undefined);
  const model = Object.assign(new EventEmitter(), { close, connection: { stream: { destroy } } });
  return { model: model as unknown as ChannelModel, hungUp };
}

it('hangs up on a node that does not answer, with an error, so that nobody waits for the heartbeat', async () => {
  const { model, hungUp } = frozen();
  const gone = disconnect(model);
  await vi.advanceTimersByTimeAsync(1999);
  expect(hungUp).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await gone;
  expect(hungUp).toEqual([new Error('the server did not take leave')]);
});
