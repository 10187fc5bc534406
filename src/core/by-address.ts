import { type Address, addressName } from './message.ts';

/** The items of each address, in their order. */
export function byAddress<T extends { readonly address: Address }>(items: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = addressName(item.address);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()];
}
