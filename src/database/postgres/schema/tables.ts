/*
 * How the functions and statements find rows is never left to what the planner thinks of the size of a table, since that
 * is known late, and plans live long: it would go through a table that was small when it planned.
 * - Rows to be changed are found by an array of keys, never by a join: `pk = ANY (keys)`. They are visited, and so locked,
 *   in the order of their keys. What belongs to each is in an array beside it, at `width_bucket(pk, keys)`, which is the
 *   place of the key in the array, found by bisection.
 * - Rows to be read are found by a sub-select that `OFFSET 0` keeps from becoming a join.
 * - A state beside a key is compared with `IS NOT DISTINCT FROM`, which keeps away from the index of all in that state.
 */

/**
 * The row that every transition rewrites is narrow; input and result lie apart, and each index holds only the rows that
 * are in the state it serves. What a lease changes is in no index, so that extending one touches none (a HOT update).
 * Identifiers are kept as `uuid` and `bytea`, in their order of bytes; times are milliseconds since the epoch.
 */
export const TABLES = `
CREATE TABLE sluice.task (
  created_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  started_at bigint,
  finished_at bigint,
  due_at bigint,
  deadline_at bigint,
  lease_until bigint,
  publishing_until bigint,
  reconcile_at bigint,
  blocked_number bigint,
  version integer NOT NULL,
  run integer NOT NULL DEFAULT 0,
  settled_run integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  crashes integer NOT NULL DEFAULT 0,
  interruptions integer NOT NULL DEFAULT 0,
  parked integer NOT NULL DEFAULT 0,
  reconciled integer NOT NULL DEFAULT 0,
  lane integer NOT NULL DEFAULT 0,
  concurrency_limit integer,
  keyed boolean NOT NULL,
  begun boolean NOT NULL DEFAULT false,
  slot boolean NOT NULL DEFAULT false,
  cancel_requested boolean NOT NULL DEFAULT false,
  has_body boolean NOT NULL DEFAULT false,
  pk uuid PRIMARY KEY,
  claim_call uuid,
  identity bytea NOT NULL,
  id text NOT NULL,
  tenant text NOT NULL,
  task text NOT NULL,
  queue text NOT NULL DEFAULT '',
  priority text NOT NULL DEFAULT 'normal',
  state text NOT NULL,
  lease_holder text,
  concurrency_key text COLLATE "C",
  parent_id text,
  tags text[],
  progress json,
  error json
) WITH (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 2000
);
CREATE UNIQUE INDEX task_identity ON sluice.task (identity) WHERE keyed;
CREATE INDEX task_due ON sluice.task (greatest(due_at, publishing_until)) WHERE state = 'scheduled';
CREATE INDEX task_running ON sluice.task (started_at) WHERE state = 'running';
CREATE INDEX task_queued ON sluice.task (queue, priority, lane, changed_at) WHERE state = 'queued';
CREATE INDEX task_blocked ON sluice.task (concurrency_key, blocked_number) WHERE state = 'blocked';
CREATE INDEX task_slot ON sluice.task (concurrency_key) WHERE slot;
CREATE INDEX task_finished ON sluice.task (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX task_finished_body ON sluice.task (finished_at) WHERE finished_at IS NOT NULL AND has_body;

CREATE TABLE sluice.task_body (pk uuid PRIMARY KEY, body text NOT NULL);
CREATE TABLE sluice.task_result (pk uuid PRIMARY KEY, result text NOT NULL);

CREATE TABLE sluice.follow_up (
  settled_at bigint NOT NULL,
  leased_until bigint NOT NULL,
  pk uuid PRIMARY KEY,
  bodies text[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX follow_up_leased ON sluice.follow_up (leased_until);

CREATE TABLE sluice.tombstone (
  ended_at bigint NOT NULL,
  identity bytea PRIMARY KEY,
  state text NOT NULL
);
CREATE INDEX tombstone_ended ON sluice.tombstone (ended_at);

-- Claims whose caller does not wait for an answer any more.
CREATE TABLE sluice.revoked_call (revoked_at bigint NOT NULL, call uuid PRIMARY KEY);

-- Rows to lock, and nothing else: whoever takes, frees or waits for a slot of a key holds the row of the key.
CREATE TABLE sluice.concurrency_key (key text COLLATE "C" PRIMARY KEY);

CREATE FUNCTION sluice.now_ms(p_now bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT coalesce(p_now, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

CREATE FUNCTION sluice.record_of(t sluice.task) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object(
    'id', t.id, 'tenant', t.tenant, 'task', t.task, 'queue', t.queue, 'priority', t.priority, 'lane', t.lane,
    'state', t.state, 'version', t.version, 'run', t.run, 'attempts', t.attempts, 'crashes', t.crashes,
    'interruptions', t.interruptions, 'createdAt', t.created_at, 'changedAt', t.changed_at, 'startedAt', t.started_at, 'finishedAt', t.finished_at,
    'dueAt', t.due_at, 'deadlineAt', t.deadline_at, 'concurrencyKey', t.concurrency_key, 'parentId', t.parent_id,
    'tags', t.tags, 'cancelRequested', t.cancel_requested, 'progress', t.progress, 'error', t.error)
$$;
`;
