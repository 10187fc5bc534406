import type { BrokerUrl } from './broker-url.ts';
import { COPIES } from './queue-declarer.ts';
import type { ServerVersion } from './server-version.ts';

/** What a confirmation means, as far as the URL and the server tell: quorum queues confirm what a majority has synced. */
export function durabilityOf({ nodes }: BrokerUrl, version: ServerVersion | undefined): string {
  const server = `RabbitMQ ${version?.text ?? '(not reached yet)'}`;
  if (nodes.length === 1) return `${server}, one node: what is confirmed is synced to the disk of that node`;
  const copies = Math.min(COPIES, nodes.length);
  const majority = Math.floor(copies / 2) + 1;
  return `${server}, ${nodes.length} nodes: what is confirmed is synced to disk by at least ${majority} of the ${copies} nodes of its queue`;
}
