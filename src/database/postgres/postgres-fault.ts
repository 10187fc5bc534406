import { DatabaseError } from 'pg';

// Classes of SQLSTATE. https://www.postgresql.org/docs/current/errcodes-appendix.html
/** What is stored, or is to be stored, is at fault: of the batch, one item. */
const OF_AN_ITEM = /^(21|22|23|54|XX)/;
/** Two calls met; the one that was given up may be made again at once. */
const COLLISION = /^40/;

/** How far a failure reaches. `connection`: everything that is asked over it, or all of the database. */
export type Reach = 'item' | 'collision' | 'connection';

/**
 * A statement that the database refuses for a reason of its own (it shuts down, it is a standby, a right or a table is
 * missing, a limit is reached, time is over) says nothing against its items.
 */
export function reachOf(thrown: unknown): Reach {
  const state = thrown instanceof DatabaseError ? (thrown.code ?? '') : '';
  if (OF_AN_ITEM.test(state)) return 'item';
  return COLLISION.test(state) ? 'collision' : 'connection';
}
