import type { ChannelModel } from 'amqplib';
import { NOT_FOUND, replyCode, withChannel } from './channel.ts';

/**
 * How many messages wait in each queue that there is. Those with a consumer are not counted, and a queue without a
 * leader counts as empty: passive declarations tell no more.
 */
export async function countReady(
  model: ChannelModel,
  queues: readonly string[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let left = queues;
  while (left.length > 0) {
    left = await withChannel(model, async (channel) => {
      for (const [at, queue] of left.entries()) {
        try {
          counts.set(queue, (await channel.checkQueue(queue)).messageCount);
        } catch (thrown) {
          // The channel has ended with it.
          if (replyCode(thrown) === NOT_FOUND) return left.slice(at + 1);
          throw thrown;
        }
      }
      return [];
    });
  }
  return counts;
}
