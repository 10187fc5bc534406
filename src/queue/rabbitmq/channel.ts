import type { Channel, ChannelModel } from 'amqplib';

/** Reply codes of AMQP 0-9-1. */
export const ACCESS_REFUSED = 403;
export const NOT_FOUND = 404;
export const RESOURCE_LOCKED = 405;
export const PRECONDITION_FAILED = 406;

/** Gives `work` a channel of its own: an operation that the server refuses ends the channel that it was on. */
export async function withChannel<T>(
  model: ChannelModel,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  const channel = await model.createChannel();
  // The operation that was refused rejects with it too.
  channel.on('error', () => undefined);
  try {
    return await work(channel);
  } finally {
    // Not awaited: it does not answer when the connection dies meanwhile.
    void channel.close().catch(() => undefined);
  }
}

/** The reply code that an operation was refused with, if it was. */
export function replyCode(thrown: unknown): number | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'number' ? code : undefined;
}
