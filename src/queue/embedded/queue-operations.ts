import type { Connection } from '../../sqlite/binding.ts';
import type { OperationModule, WriteOperations } from '../../sqlite/operation-module.ts';

/** A message as it is stored: its sequence number, its size in bytes of UTF-8, its body. */
export type StoredMessage = readonly [sequence: number, bytes: number, body: string];

export type SizedSequence = readonly [sequence: number, bytes: number];

export interface AddressRow {
  readonly number: number;
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  /** Highest sequence number ever given out in this address, as far as the file tells. */
  readonly lastSequence: number;
}

export type QueueWrites = {
  /** The number of an address, made on its first use. */
  address(name: string): AddressRow;
  /** What every address holds, seen after all earlier writes. */
  addresses(): AddressRow[];
  /** @param values the fields of each StoredMessage after those of the one before, which is the cheapest to carry */
  publish(values: readonly (number | string)[]): void;
  /** Returns the messages that were there still. */
  ack(messages: readonly SizedSequence[]): SizedSequence[];
};

export type QueueReads = {
  addresses(): AddressRow[];
  next(range: { readonly after: number; readonly upTo: number; readonly limit: number }): StoredMessage[];
};

/**
 * Sequence numbers hold the number of the address above these bits, so that one table in one order serves them all:
 * appending, and reading on from a place, cost the same however long the queue is.
 */
const SEQUENCE_BITS = 2 ** 40;

export function firstSequence(address: number): number {
  return address * SEQUENCE_BITS;
}

export function addressOf(sequence: number): number {
  return Math.floor(sequence / SEQUENCE_BITS);
}

const MIGRATIONS = [
  `CREATE TABLE queue_address (
     number INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     messages INTEGER NOT NULL DEFAULT 0,
     bytes INTEGER NOT NULL DEFAULT 0
   );
   CREATE TABLE queue_message (
     sequence INTEGER PRIMARY KEY,
     bytes INTEGER NOT NULL,
     body TEXT NOT NULL
   );`,
];

export const operationModule: OperationModule<QueueWrites, QueueReads> = {
  name: 'queue',
  migrations: MIGRATIONS,
  writes,
  reads,
};

function writes(connection: Connection): WriteOperations<QueueWrites> {
  const addAddress = connection.prepare('INSERT INTO queue_address (name) VALUES (?) ON CONFLICT DO NOTHING');
  const insert = connection.prepare(insertion(1));
  const insertMany = connection.prepare(insertion(ROWS));
  const remove = connection.prepare('DELETE FROM queue_message WHERE sequence = ?');
  const count = connection.prepare(
    'UPDATE queue_address SET messages = messages + ?2, bytes = bytes + ?3 WHERE number = ?1',
  );
  const find = addressFinder(connection);
  const changes = new Map<number, { messages: number; bytes: number }>();

  function note(sequence: number, messages: number, bytes: number): void {
    const number = addressOf(sequence);
    const change = changes.get(number) ?? { messages: 0, bytes: 0 };
    changes.set(number, { messages: change.messages + messages, bytes: change.bytes + bytes });
  }

  return {
    operations: {
      address(name) {
        addAddress.run(name);
        const [row] = find(name);
        if (!row) throw new Error(`the address ${name} could not be made`);
        return row;
      },
      addresses: () => find(),
      publish(values) {
        const many = values.length - (values.length % (ROWS * FIELDS));
        for (let at = 0; at < many; at += ROWS * FIELDS)
          insertMany.run(...values.slice(at, at + ROWS * FIELDS));
        for (let at = many; at < values.length; at += FIELDS) insert.run(...values.slice(at, at + FIELDS));
        for (let at = 0; at < values.length; at += FIELDS)
          note(Number(values[at]), 1, Number(values[at + 1]));
      },
      ack(messages) {
        const removed = messages.filter(([sequence]) => remove.run(sequence) === 1);
        for (const [sequence, bytes] of removed) note(sequence, -1, -bytes);
        return removed;
      },
    },
    beforeCommit() {
      for (const [number, { messages, bytes }] of changes) count.run(number, messages, bytes);
      changes.clear();
    },
    onRollback() {
      changes.clear();
    },
  };
}

/** Of a StoredMessage. */
const FIELDS = 3;
/** Rows of one INSERT: a call of the binding costs about as much as storing a row. */
const ROWS = 16;

function insertion(rows: number): string {
  return `INSERT INTO queue_message (sequence, bytes, body) VALUES ${Array(rows).fill('(?, ?, ?)').join(', ')}`;
}

function reads(connection: Connection): QueueReads {
  const select = connection.prepare(
    'SELECT sequence, bytes, body FROM queue_message WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?',
  );
  const find = addressFinder(connection);
  return {
    addresses: () => find(),
    next: ({ after, upTo, limit }) => select.all(after, upTo, limit) as unknown as StoredMessage[],
  };
}

function addressFinder(connection: Connection): (name?: string) => AddressRow[] {
  const find = connection.prepare(
    `SELECT number, name, messages, bytes,
            coalesce((SELECT max(sequence) FROM queue_message
                      WHERE sequence > number * ${SEQUENCE_BITS} AND sequence < (number + 1) * ${SEQUENCE_BITS}), 0)
     FROM queue_address WHERE name = coalesce(?, name)`,
  );
  return (name) =>
    find.all(name ?? null).map(([number, found, messages, bytes, last]) => ({
      number: Number(number),
      name: String(found),
      messages: Number(messages),
      bytes: Number(bytes),
      lastSequence: Number(last),
    }));
}
