/**
 * The verdicts of claim-decision.ts, in SQL. Needs of the statement before it `candidate`: the claims that would change
 * something, each with the state that is `wanted` for it and whether it `has_slot` already. Gives `decided`: those that
 * find no slot are blocked, behind all that are blocked already; whoever is blocked already goes first.
 */
const DECIDED = `
  counted AS (
    SELECT c.*,
      CASE WHEN c.concurrency_key IS NOT NULL THEN (
        SELECT count(*) FROM sluice.task t WHERE t.concurrency_key = c.concurrency_key AND t.slot) END AS taken,
      CASE WHEN c.concurrency_key IS NOT NULL THEN (
        SELECT max(t.blocked_number) FROM sluice.task t
        WHERE t.concurrency_key = c.concurrency_key AND t.state = 'blocked') END AS last_blocked,
      row_number() OVER (
        PARTITION BY c.concurrency_key, c.wanted = 'running' AND NOT c.has_slot ORDER BY c.pk) AS nth
    FROM candidate c
  ), decided AS (
    SELECT c.*,
      CASE
        WHEN c.wanted <> 'running' OR c.concurrency_key IS NULL OR c.has_slot THEN c.wanted
        WHEN c.last_blocked IS NULL AND bool_and(c.taken + c.nth <= coalesce(c.concurrency_limit, 1)) OVER (
          PARTITION BY c.concurrency_key, c.wanted = 'running' AND NOT c.has_slot ORDER BY c.pk) THEN 'running'
        ELSE 'blocked'
      END AS state,
      coalesce(c.last_blocked, 0) + c.nth AS next_number
    FROM counted c
  )`;

/**
 * Decides about each message and writes what comes of it, in one statement for the caller: first the tasks that have no
 * row, which is what nearly all are; for the rest the rows are locked, and then the same again. Each statement in it
 * sees what was committed before it began, so that what another worker has claimed meanwhile is seen.
 */
export const CLAIM = `
CREATE TYPE sluice.claim_input AS (
  place integer,
  pk uuid,
  identity bytea,
  keyed boolean,
  created_at bigint,
  id text,
  tenant text,
  task text,
  queue text,
  priority text,
  lane integer,
  run integer,
  published_at bigint,
  not_before bigint,
  deadline_at bigint,
  concurrency_key text,
  concurrency_limit integer,
  tags text[],
  parent_id text,
  body text,
  park_ms bigint,
  park_at_most_ms bigint,
  park_reason text,
  horizon_ms bigint
);

CREATE TYPE sluice.claim_answer AS (
  place integer,
  verdict text,
  run integer,
  attempts integer,
  crashes integer,
  version integer,
  alone boolean
);

-- As parkMs in claim-decision.ts; null where there is no reason to park.
CREATE FUNCTION sluice.park_ms(p_ms bigint, p_at_most_ms bigint, p_parked integer)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT least(p_at_most_ms, p_ms * (1 << least(p_parked, 30)))
$$;

-- As runsAlone in interruption.ts.
CREATE FUNCTION sluice.runs_alone(p_crashes integer, p_interruptions integer)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_crashes > 0 OR p_interruptions > 1
$$;

CREATE FUNCTION sluice.lock_of(p_call uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT hashtextextended('claim ' || p_call, 0)
$$;

CREATE FUNCTION sluice.claim(
  p_call uuid, p_claims json, p_holder text, p_lease_ms bigint, p_expired json, p_now bigint)
RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_claims sluice.claim_input[];
  v_keys text[];
  v_answers sluice.claim_answer[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(sluice.lock_of(p_call));
  IF EXISTS (SELECT FROM sluice.revoked_call WHERE call = p_call) THEN
    RAISE query_canceled USING MESSAGE = 'nobody waits for this claim any more';
  END IF;
  v_claims := ARRAY(
    SELECT c FROM json_populate_recordset(NULL::sluice.claim_input, p_claims) c ORDER BY c.identity, c.place);
  v_keys := ARRAY(
    SELECT DISTINCT c.concurrency_key FROM unnest(v_claims) c WHERE c.concurrency_key IS NOT NULL);
  PERFORM sluice.lock_keys(v_keys);
  v_now := sluice.now_ms(p_now);

  WITH candidate AS (
    SELECT DISTINCT ON (c.identity) c.*, false AS has_slot,
      CASE
        WHEN c.deadline_at < v_now THEN 'expired'
        WHEN c.park_ms IS NOT NULL OR c.not_before > v_now THEN 'scheduled'
        ELSE 'running'
      END AS wanted
    FROM unnest(v_claims) c
    WHERE c.run = 1 AND c.published_at >= v_now - c.horizon_ms
      AND NOT EXISTS (SELECT FROM sluice.task t WHERE t.pk = c.pk OFFSET 0)
      AND NOT EXISTS (SELECT FROM sluice.task t WHERE c.keyed AND t.keyed AND t.identity = c.identity OFFSET 0)
      AND NOT EXISTS (SELECT FROM sluice.tombstone d WHERE d.identity = c.identity OFFSET 0)
    ORDER BY c.identity, c.place
  ), ${DECIDED}, inserted AS (
    INSERT INTO sluice.task (
      pk, identity, keyed, id, tenant, task, queue, priority, lane, created_at, changed_at, deadline_at,
      concurrency_key, concurrency_limit, tags, parent_id, has_body, version, state,
      run, begun, started_at, lease_holder, lease_until, claim_call, slot, due_at, parked, blocked_number,
      finished_at, error)
    SELECT
      d.pk, d.identity, d.keyed, d.id, d.tenant, d.task, d.queue, d.priority, d.lane, d.created_at, v_now,
      d.deadline_at, d.concurrency_key, d.concurrency_limit, d.tags, d.parent_id, true, 2, d.state,
      r::integer, r, CASE WHEN r THEN v_now END, CASE WHEN r THEN p_holder END,
      CASE WHEN r THEN v_now + p_lease_ms END, CASE WHEN r THEN p_call END, r AND d.concurrency_key IS NOT NULL,
      CASE WHEN d.state = 'scheduled' THEN
        greatest(v_now + sluice.park_ms(d.park_ms, d.park_at_most_ms, 0), d.not_before) END,
      (d.state = 'scheduled' AND d.park_ms IS NOT NULL)::integer,
      CASE WHEN d.state = 'blocked' THEN d.next_number END,
      CASE WHEN d.state = 'expired' THEN v_now END,
      CASE d.state WHEN 'expired' THEN p_expired WHEN 'scheduled' THEN d.park_reason::json END
    FROM decided d CROSS JOIN LATERAL (SELECT d.state = 'running' AS r) AS running
    ORDER BY d.identity
    ON CONFLICT DO NOTHING
    RETURNING pk
  ), fresh AS (
    -- Not a join: the sub-select is hashed, whatever the plan.
    SELECT d.place, d.pk, d.body, d.state, d.pk IN (SELECT i.pk FROM inserted i) AS won FROM decided d
  ), bodies AS (
    INSERT INTO sluice.task_body (pk, body) SELECT f.pk, f.body FROM fresh f WHERE f.won
  )
  SELECT array_agg(ROW (f.place, f.state, 1, 0, 0, 2, false)::sluice.claim_answer) INTO v_answers
    FROM fresh f WHERE f.won;

  IF coalesce(cardinality(v_answers), 0) < cardinality(v_claims) THEN
    v_answers := v_answers || sluice.claim_known(
      ARRAY(
        SELECT c FROM unnest(v_claims) c WHERE c.place NOT IN (SELECT a.place FROM unnest(v_answers) a)
        ORDER BY c.pk, c.place),
      p_call, p_holder, p_lease_ms, p_expired, v_now);
  END IF;
  PERFORM sluice.release(v_keys, v_now);
  RETURN (SELECT json_agg(a ORDER BY a.place) FROM unnest(v_answers) a);
END $$;

CREATE TYPE sluice.claim_decision AS (
  place integer,
  pk uuid,
  state text,
  until bigint,
  blocked_number bigint,
  error json
);

-- Decides about claims, in the order of their keys, of tasks that have a row, a tombstone, or neither though they should.
CREATE FUNCTION sluice.claim_known(
  p_claims sluice.claim_input[], p_call uuid, p_holder text, p_lease_ms bigint, p_expired json, p_now bigint)
RETURNS sluice.claim_answer[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_decisions sluice.claim_decision[];
  v_pks uuid[];
  v_answers sluice.claim_answer[];
BEGIN
  PERFORM FROM unnest(p_claims) c CROSS JOIN LATERAL (
    SELECT FROM sluice.task t
    WHERE t.pk = c.pk AND t.id = c.id AND t.run + 1 = c.run AND t.state IN ('queued', 'scheduled', 'blocked')
    FOR UPDATE) AS locked;

  WITH candidate AS (
    SELECT DISTINCT ON (c.pk) c.*, t.slot AS has_slot, t.parked,
      CASE
        WHEN c.deadline_at < p_now THEN 'expired' WHEN c.park_ms IS NOT NULL THEN 'scheduled' ELSE 'running'
      END AS wanted
    FROM unnest(p_claims) c CROSS JOIN LATERAL (
      SELECT t.slot, t.parked FROM sluice.task t
      WHERE t.pk = c.pk AND t.id = c.id AND t.run + 1 = c.run
        AND (t.state = 'queued' OR (t.state = 'scheduled' AND t.due_at <= p_now))
      OFFSET 0) AS t
    ORDER BY c.pk, c.place
  ), ${DECIDED}
  SELECT array_agg(
      ROW (
        d.place, d.pk, d.state,
        CASE WHEN d.state = 'scheduled' THEN p_now + sluice.park_ms(d.park_ms, d.park_at_most_ms, d.parked) END,
        CASE WHEN d.state = 'blocked' THEN d.next_number END,
        CASE d.state WHEN 'expired' THEN p_expired WHEN 'scheduled' THEN d.park_reason::json END
      )::sluice.claim_decision ORDER BY d.pk),
      array_agg(d.pk ORDER BY d.pk)
    INTO v_decisions, v_pks FROM decided d;

  WITH changed AS (
    UPDATE sluice.task t SET
      version = t.version + 1, changed_at = p_now, publishing_until = NULL,
      (state, due_at, blocked_number, finished_at, error,
        run, parked, begun, started_at, lease_holder, lease_until, claim_call, progress, slot) = (
        SELECT
          d.state, d.until, d.blocked_number, CASE WHEN d.state = 'expired' THEN p_now END, coalesce(d.error, t.error),
          t.run + r::integer,
          CASE d.state WHEN 'running' THEN 0 WHEN 'scheduled' THEN t.parked + 1 ELSE t.parked END,
          CASE WHEN r THEN NOT sluice.runs_alone(t.crashes, t.interruptions) ELSE t.begun END,
          CASE WHEN r THEN p_now ELSE t.started_at END,
          CASE WHEN r THEN p_holder END,
          CASE WHEN r THEN p_now + p_lease_ms END,
          CASE WHEN r THEN p_call END,
          CASE WHEN NOT r THEN t.progress END,
          CASE d.state WHEN 'running' THEN t.concurrency_key IS NOT NULL WHEN 'expired' THEN false ELSE t.slot END
        FROM (SELECT (v_decisions[width_bucket(t.pk, v_pks)]).*) AS d
        CROSS JOIN LATERAL (SELECT d.state = 'running' AS r) AS running
      )
    WHERE t.pk = ANY (v_pks)
    RETURNING
      (v_decisions[width_bucket(t.pk, v_pks)]).place, t.state, t.run, t.attempts, t.crashes, t.version,
      NOT t.begun AS alone
  )
  SELECT array_agg(ROW (place, state, run, attempts, crashes, version, alone)::sluice.claim_answer)
    INTO v_answers FROM changed;

  -- A task that was cancelled before its message came has no name yet.
  UPDATE sluice.task t SET (task, queue, priority, lane) = (
      SELECT c.task, c.queue, c.priority, c.lane FROM unnest(p_claims) c WHERE c.pk = t.pk LIMIT 1)
    WHERE t.pk = ANY (ARRAY(SELECT c.pk FROM unnest(p_claims) c)) AND t.task = '';

  v_answers := v_answers || ARRAY(
    SELECT ROW (
      c.place,
      CASE
        WHEN t.id = c.id AND t.run + 1 = c.run AND t.state = 'blocked' THEN 'blocked'
        WHEN t.id = c.id AND t.run + 1 = c.run AND t.state = 'scheduled' AND t.due_at > p_now THEN 'scheduled'
        WHEN t.id IS NOT NULL OR d.identity IS NOT NULL THEN 'dropped'
        WHEN c.run <> 1 OR c.published_at < p_now - c.horizon_ms THEN 'quarantined'
      END,
      NULL, NULL, NULL, NULL, NULL)::sluice.claim_answer
    FROM unnest(p_claims) c
    LEFT JOIN LATERAL (
      SELECT t.id, t.run, t.state, t.due_at FROM sluice.task t WHERE t.pk = c.pk
      UNION ALL
      SELECT t.id, t.run, t.state, t.due_at FROM sluice.task t WHERE c.keyed AND t.keyed AND t.identity = c.identity
      LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (
      SELECT d.identity FROM sluice.tombstone d WHERE d.identity = c.identity OFFSET 0) AS d ON true
    WHERE c.place NOT IN (SELECT a.place FROM unnest(v_answers) a));
  IF EXISTS (SELECT FROM unnest(v_answers) a WHERE a.verdict IS NULL) THEN
    -- What stood in its way when it was to be inserted is gone.
    RAISE serialization_failure USING MESSAGE = 'a task came and went while it was claimed';
  END IF;
  RETURN v_answers;
END $$;
`;
