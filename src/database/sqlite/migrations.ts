/**
 * Tables of the embedded database, each step applied once. The row that every transition rewrites is narrow; input and
 * result lie apart, and each index holds only the rows that are in the state it serves.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE task (
     number INTEGER PRIMARY KEY,
     pk TEXT NOT NULL UNIQUE,
     identity TEXT NOT NULL,
     keyed INTEGER NOT NULL,
     id TEXT NOT NULL,
     tenant TEXT NOT NULL,
     task TEXT NOT NULL,
     queue TEXT NOT NULL,
     priority TEXT NOT NULL,
     lane INTEGER NOT NULL,
     state TEXT NOT NULL,
     version INTEGER NOT NULL,
     run INTEGER NOT NULL,
     settled_run INTEGER NOT NULL,
     attempts INTEGER NOT NULL,
     crashes INTEGER NOT NULL,
     created_at INTEGER NOT NULL,
     changed_at INTEGER NOT NULL,
     started_at INTEGER,
     finished_at INTEGER,
     due_at INTEGER,
     deadline_at INTEGER,
     begun INTEGER NOT NULL,
     lease_holder TEXT,
     lease_until INTEGER,
     publishing_until INTEGER,
     reconcile_at INTEGER,
     reconciled INTEGER NOT NULL,
     concurrency_key TEXT,
     concurrency_limit INTEGER,
     slot INTEGER NOT NULL,
     blocked_number INTEGER,
     cancel_requested INTEGER NOT NULL,
     has_body INTEGER NOT NULL,
     parent_id TEXT,
     tags TEXT,
     progress TEXT,
     error TEXT
   );
   CREATE UNIQUE INDEX task_identity ON task (identity) WHERE keyed = 1;
   CREATE INDEX task_due ON task (due_at) WHERE state = 'scheduled';
   CREATE INDEX task_lease ON task (lease_until) WHERE state = 'running';
   CREATE INDEX task_queued ON task (queue, priority, lane, changed_at) WHERE state = 'queued';
   CREATE INDEX task_blocked ON task (concurrency_key, blocked_number) WHERE state = 'blocked';
   CREATE INDEX task_slot ON task (concurrency_key) WHERE slot = 1;
   CREATE INDEX task_finished ON task (finished_at) WHERE finished_at IS NOT NULL;
   CREATE INDEX task_finished_body ON task (finished_at) WHERE finished_at IS NOT NULL AND has_body = 1;

   CREATE TABLE task_body (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
   CREATE TABLE task_result (number INTEGER PRIMARY KEY, result TEXT NOT NULL);

   CREATE TABLE follow_up (
     number INTEGER NOT NULL,
     position INTEGER NOT NULL,
     body TEXT NOT NULL,
     leased_until INTEGER NOT NULL,
     PRIMARY KEY (number, position)
   ) WITHOUT ROWID;
   CREATE INDEX follow_up_leased ON follow_up (leased_until);

   CREATE TABLE tombstone (
     identity TEXT PRIMARY KEY,
     state TEXT NOT NULL,
     ended_at INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX tombstone_ended ON tombstone (ended_at);`,
  `ALTER TABLE task ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;`,
  `ALTER TABLE task ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;`,
];
