import { DatabaseError } from 'pg';

// Classes of SQLSTATE. https://www.postgresql.org/docs/current/errcodes-appendix.html
/** What is stored, or is to be stored, is at fault: of the batch, one item. */
const OF_AN_ITEM = /^(21|22|23|54)/;
/** Two calls met; the one that was given up may be made again at once. */
const COLLISION = /^40/;

/** It is busy, starting, stopping, or somebody ended the call: the same can succeed later. */
const OF_THE_MOMENT = /^(08|40|53|55|57|58)/;
/** What the library says itself, and what it means. */
const OF_THE_LIBRARY: readonly (readonly [RegExp, string])[] = [
  [/^SASL.*client password must be a/, 'it asks for a password, and the URL has none'],
  [/does not support SSL/, 'it does not offer TLS, and the URL asks for it'],
];

/** How far a failure reaches. `connection`: everything that is asked over it, or all of the database. */
export type Reach = 'item' | 'collision' | 'connection';

/**
 * A statement that the database refuses for a reason of its own (it shuts down, it is a standby, a right or a table is
 * missing, a limit is reached, time is over, something inside it fails or is damaged) says nothing against its items.
 */
export function reachOf(thrown: unknown): Reach {
  const state = thrown instanceof DatabaseError ? (thrown.code ?? '') : '';
  if (OF_AN_ITEM.test(state)) return 'item';
  return COLLISION.test(state) ? 'collision' : 'connection';
}

/** What the library says where the server has not answered in time. */
const NO_ANSWER = 'Query read timeout';
const QUERY_CANCELED = '57014';

/** True where the server was at work on the statement for longer than it may take. */
export function tookTooLong(thrown: unknown): boolean {
  return thrown instanceof DatabaseError ? thrown.code === QUERY_CANCELED : isSilence(thrown);
}

/** True where the server said nothing at all for as long, though it ends what takes too long itself. */
export function isSilence(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === NO_ANSWER;
}

/** What the server, which was reached, will not do until somebody changes something; undefined for any other failure. */
export function refusalOf(thrown: unknown): string | undefined {
  if (thrown instanceof DatabaseError) {
    return OF_THE_MOMENT.test(thrown.code ?? '') ? undefined : thrown.message;
  }
  if (!(thrown instanceof Error)) return undefined;
  const [, meaning] = OF_THE_LIBRARY.find(([text]) => text.test(thrown.message)) ?? [];
  return meaning ?? refusalOf(thrown.cause);
}
