import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import { logRefusals } from '../../redis/log-refusals.ts';
import { closeRedis, connectRedis } from '../../redis/redis-connection.ts';
import { parseRedisUrl } from '../../redis/redis-url.ts';
import type { Signals, Unsubscribe } from '../signals.ts';
import { ChannelSubscriptions } from './channel-subscriptions.ts';

export interface RedisSignalsOptions {
  /** `redis://`, `rediss://` or `unix:`; see docs/drivers/redis.md. */
  readonly url: string;
  readonly logger: Logger;
  readonly random: Random;
}

type Listener = (payload: string) => void;

/** Signals without an answer; more are lost, so that a server that is frozen does not fill the memory. */
const MAX_UNDER_WAY = 10_000;
/** A connection on which nothing is ever sent does not notice that its other end is gone. */
const PING_EVERY_MS = 5000;

/**
 * Signals over the publish/subscribe of Redis or Valkey: one connection that publishes and one that is subscribed to the
 * topics listened to. Connects in the background and reconnects for ever; what is published meanwhile is lost, and those
 * who subscribe meanwhile hear what is published once it is back.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for a URL that can not be used
 */
export function openRedisSignals({ url, logger, random }: RedisSignalsOptions): Signals {
  const { address, prefix } = parseRedisUrl(url, 'The URL of the signals');
  const publisher = connectRedis({ address, name: 'publish', logger, random });
  const subscriber = connectRedis({ address, name: 'subscribe', logger, random });
  const channels = new ChannelSubscriptions(subscriber, logRefusals(subscriber, 'subscribe', logger));
  const topics = new Map<string, Set<Listener>>();
  let underWay = 0;
  let open = true;

  const tell = (topic: string, listener: Listener, payload: string): void => {
    try {
      listener(payload);
    } catch (error) {
      logger.error('a listener to signals failed', { topic, error: messageOf(error) });
    }
  };
  subscriber.on('message', (channel: string, payload: string) => {
    const topic = channel.slice(prefix.length);
    for (const listener of Array.from(topics.get(topic) ?? [])) tell(topic, listener, payload);
  });
  const ping = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => undefined);
  }, PING_EVERY_MS).unref();
  const logRefusal = logRefusals(publisher, 'publish', logger);
  const publish = async (channel: string, payload: string): Promise<void> => {
    underWay++;
    try {
      await publisher.publish(channel, payload);
    } catch (error) {
      logRefusal(error);
    } finally {
      underWay--;
    }
  };

  return {
    publish(topic: string, payload: string): void {
      if (!open || publisher.status !== 'ready' || underWay >= MAX_UNDER_WAY) return;
      void publish(prefix + topic, payload);
    },
    async subscribe(topic: string, onSignal: Listener): Promise<Unsubscribe> {
      if (!open) return () => undefined;
      // Its own function, so that one listener may subscribe twice.
      const listener: Listener = (payload) => onSignal(payload);
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(listener));
      await channels.add(prefix + topic);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || topics.get(topic) !== listeners) return;
        topics.delete(topic);
        channels.remove(prefix + topic);
      };
    },
    async close(): Promise<void> {
      open = false;
      topics.clear();
      clearInterval(ping);
      await Promise.all([closeRedis(publisher), closeRedis(subscriber)]);
    },
  };
}
