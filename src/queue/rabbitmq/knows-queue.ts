import type { ChannelModel } from 'amqplib';
import { NOT_FOUND, replyCode, RESOURCE_LOCKED, withChannel } from './channel.ts';

/** Whether the node knows the queue, as every node of a cluster does, be it another connection's own. */
export async function knowsQueue(model: ChannelModel, queue: string): Promise<boolean> {
  try {
    await withChannel(model, async (channel) => {
      await channel.checkQueue(queue);
    });
    return true;
  } catch (thrown) {
    const code = replyCode(thrown);
    if (code === RESOURCE_LOCKED) return true;
    if (code === NOT_FOUND) return false;
    throw thrown;
  }
}
