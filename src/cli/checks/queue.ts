import type { QueueReport } from '../../engines.ts';
import { type Finding, fail, look, ok, warn } from './check.ts';
import { correctIt, type EngineSetting, startIt } from './engine.ts';

/** Whether the nodes of the queue answer, and what a confirmation of theirs means. */
export async function checkQueue({ url, from }: EngineSetting): Promise<readonly Finding[]> {
  const found = await look('queue', correctIt(from), async () => {
    const { examineQueue } = await import('../../engines.ts');
    return finding(await examineQueue(url), from);
  });
  return [found];
}

function finding({ nodes, strangers, durability }: QueueReport, from: string): Finding {
  const refusing = nodes.filter(({ kind }) => kind === 'refuses').map(reasonOf);
  if (refusing.length > 0) return fail('queue', refusing.join('\n'), correctIt(from));
  const away = nodes.filter(({ kind }) => kind === 'away').map(reasonOf);
  if (away.length === nodes.length) return fail('queue', away.join('\n'), startIt('RabbitMQ', from));
  if (strangers.length > 0) {
    const [first] = nodes.filter(({ kind }) => kind === 'answers');
    return fail(
      'queue',
      `not in one cluster with ${first?.node ?? 'the first'}: ${strangers.join(', ')}`,
      `join them with "rabbitmqctl join_cluster", or name the nodes of one cluster in ${from}`,
    );
  }
  if (away.length === 0) return ok('queue', durability);
  const answering = `${nodes.length - away.length} of ${nodes.length} nodes answer`;
  return warn('queue', [`${answering}; ${durability}`, ...away].join('\n'), startIt('the others', from));
}

function reasonOf(node: QueueReport['nodes'][number]): string {
  return `${node.node}: ${node.kind === 'answers' ? node.server : node.reason}`;
}
