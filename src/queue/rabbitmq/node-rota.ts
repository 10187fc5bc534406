import type { Random } from '../../core/random.ts';
import type { BrokerNode } from './broker-url.ts';

/** Which node the next connection goes to: none that a sister connection is at, and the one that was left last comes last. */
export class NodeRota {
  readonly #nodes: BrokerNode[];
  readonly #taken = new Set<BrokerNode>();

  constructor(nodes: readonly BrokerNode[]) {
    this.#nodes = [...nodes];
  }

  take(): BrokerNode {
    const node = this.#nodes.find((candidate) => !this.#taken.has(candidate));
    if (!node) throw new Error('there are more connections than nodes');
    this.#taken.add(node);
    return node;
  }

  release(node: BrokerNode): void {
    this.#taken.delete(node);
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    this.#nodes.push(node);
  }
}

/** In an order of this process's own, so that many processes spread over the nodes. */
export function shuffled(nodes: readonly BrokerNode[], random: Random): BrokerNode[] {
  return nodes
    .map((node) => ({ node, key: random.fraction() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ node }) => node);
}
