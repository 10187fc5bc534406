import type { ChannelModel } from 'amqplib';
import { SluiceError } from '../../core/errors.ts';

export interface ServerVersion {
  /** As the server gives it. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/**
 * What the server said of itself when the connection was made.
 * @throws SluiceError `SLUICE_QUEUE_UNUSABLE` unless it is RabbitMQ 3.10 or later: older ones can lose what they
 *   dead-letter
 */
export function serverVersion({ connection }: ChannelModel): ServerVersion {
  const { product, version } = connection.serverProperties;
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const read = { text: version, major: Number(major), minor: Number(minor) };
  const known = product === 'RabbitMQ' && (read.major > 3 || (read.major === 3 && read.minor >= 10));
  if (known) return read;
  const reason = `it has to be RabbitMQ 3.10 or later, and this is ${product} ${version}`;
  throw new SluiceError('SLUICE_QUEUE_UNUSABLE', { reason });
}
