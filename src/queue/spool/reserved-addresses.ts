import { type Address, FIRST_LANE } from '../../core/message.ts';

/** No queue of a task has a name that begins so. */
const MARK = '_';

/** Where the spool keeps what shows that it can be written, and nothing else. */
export const PROBE: Address = { queue: MARK, priority: 'low', lane: FIRST_LANE };

/** Where the spool keeps what is too large for the target, of `address`. */
export function asideOf(address: Address): Address {
  return { ...address, queue: MARK + address.queue };
}

/** True where the spool keeps what it does not forward. */
export function isReserved({ queue }: Address): boolean {
  return queue.startsWith(MARK);
}

/** The address that `asideOf` made this one of; undefined for any other. */
export function setAsideFor(address: Address): Address | undefined {
  if (!isReserved(address) || address.queue === MARK) return undefined;
  return { ...address, queue: address.queue.slice(MARK.length) };
}
