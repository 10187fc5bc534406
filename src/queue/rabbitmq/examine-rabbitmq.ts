import { randomUUID } from 'node:crypto';
import type { ChannelModel } from 'amqplib';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Examination } from '../../core/examination.ts';
import { type BrokerNode, nodeName, parseBrokerUrl } from './broker-url.ts';
import { ACCESS_REFUSED, replyCode, withChannel } from './channel.ts';
import { type Connect, connector, disconnect } from './connection.ts';
import { durabilityOf } from './durability.ts';
import { knowsQueue } from './knows-queue.ts';
import { type ServerVersion, serverVersion } from './server-version.ts';

export interface QueueReport {
  readonly nodes: readonly NodeReport[];
  /** Nodes that answer, and do not belong to the cluster of the first that does. */
  readonly strangers: readonly string[];
  /** What a confirmation means. */
  readonly durability: string;
}

export type NodeReport = Examination & { readonly node: string };

interface Look {
  readonly report: NodeReport;
  readonly reached?: Reached;
}

interface Reached {
  readonly node: string;
  readonly model: ChannelModel;
  readonly version: ServerVersion;
}

/**
 * Looks at every node of the URL, once. Leaves nothing behind.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL; `SLUICE_QUEUE_UNUSABLE` for a file that it names, and where the
 *   user may not make queues
 */
export async function examineRabbitmq(url: string): Promise<QueueReport> {
  const broker = parseBrokerUrl(url);
  const connect = connector(broker);
  const looks = await Promise.all(broker.nodes.map(async (node) => look(node, connect)));
  const reached = looks.flatMap((one) => one.reached ?? []);
  try {
    return {
      nodes: looks.map(({ report }) => report),
      strangers: await strangersOf(reached, broker.prefix),
      durability: durabilityOf(broker, reached[0]?.version),
    };
  } finally {
    await Promise.all(reached.map(async ({ model }) => disconnect(model)));
  }
}

async function look(at: BrokerNode, connect: Connect): Promise<Look> {
  const node = nodeName(at);
  try {
    const model = await connect(at, 'doctor');
    // What it is used for rejects with it too.
    model.on('error', () => undefined);
    const version = serverVersion(model);
    const report = { node, kind: 'answers', server: `RabbitMQ ${version.text}` } as const;
    return { report, reached: { node, model, version } };
  } catch (thrown) {
    const refused = SluiceError.is(thrown, 'SLUICE_QUEUE_UNUSABLE');
    const reason = refused ? String(thrown.data['reason']) : messageOf(thrown);
    return { report: { node, kind: refused ? 'refuses' : 'away', reason } };
  }
}

/** Nodes of one cluster know each other's queues, even those that they would not let this connection use. */
async function strangersOf([first, ...others]: readonly Reached[], prefix: string): Promise<string[]> {
  if (!first) return [];
  const queue = `${prefix}.doctor-${randomUUID()}`;
  await makeForNow(first.model, queue);
  const known = await Promise.all(
    others.map(async ({ node, model }) => ({ node, knows: await knowsQueue(model, queue) })),
  );
  return known.filter(({ knows: does }) => !does).map(({ node }) => node);
}

/** The queue goes with the connection. */
async function makeForNow(model: ChannelModel, queue: string): Promise<void> {
  try {
    await withChannel(model, async (channel) => {
      await channel.assertQueue(queue, { exclusive: true, durable: false });
    });
  } catch (thrown) {
    if (replyCode(thrown) !== ACCESS_REFUSED) throw thrown;
    const reason = `the user of the URL may not make queues such as ${queue}`;
    throw new SluiceError('SLUICE_QUEUE_UNUSABLE', { reason }, { cause: thrown });
  }
}
