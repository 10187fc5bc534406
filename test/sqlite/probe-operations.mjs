// An operation module that tells what the threads do with it.

let transaction = 0;

export const operationModule = {
  name: 'probe',
  migrations: ['CREATE TABLE probe (value TEXT NOT NULL UNIQUE)'],
  writes(connection) {
    const insert = connection.prepare('INSERT INTO probe (value) VALUES (?)');
    return {
      operations: {
        add(value) {
          insert.run(value);
          return transaction;
        },
        hold(gate) {
          Atomics.wait(new Int32Array(gate), 0, 0);
          return transaction;
        },
        fail,
      },
      beforeCommit() {
        transaction += 1;
      },
    };
  },
  reads(connection) {
    const select = connection.prepare('SELECT value FROM probe ORDER BY value');
    return { values: () => select.all().map(([value]) => value), fail };
  },
};

function fail(code) {
  throw Object.assign(new Error(`it failed with ${code}`), { code });
}
