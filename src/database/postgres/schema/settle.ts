/** How runs end: by their settlement, or because nobody has heard of them. */
export const SETTLE = `
CREATE TYPE sluice.settlement_input AS (
  place integer,
  pk uuid,
  identity bytea,
  run integer,
  kind text,
  result text,
  follow_ups text[],
  error text,
  charged boolean,
  crash_limit integer,
  after_ms bigint
);

-- The state after a run: its end, or again where nobody wants it cancelled and it is not too late.
CREATE FUNCTION sluice.state_after(
  p_kind text, p_dead boolean, p_cancel_requested boolean, p_deadline_at bigint, p_due_at bigint)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_kind IN ('succeeded', 'failed', 'cancelled') THEN p_kind
    WHEN p_cancel_requested THEN 'cancelled'
    WHEN p_kind = 'crashed' AND p_dead THEN 'failed'
    WHEN p_deadline_at < p_due_at THEN 'expired'
    ELSE 'scheduled'
  END
$$;

-- It lets go of its slot when it ends; above a limit of one also while it waits.
CREATE FUNCTION sluice.keeps_slot(p_slot boolean, p_state text, p_limit integer)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_slot AND p_state = 'scheduled' AND coalesce(p_limit, 1) = 1
$$;

-- Gives the record of each task in the order of the settlements, null for a run that is lost.
CREATE FUNCTION sluice.settle(p_settlements json, p_expired json, p_follow_up_lease_ms bigint, p_now bigint)
RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_settlements sluice.settlement_input[];
  v_keys text[];
BEGIN
  v_settlements := ARRAY(
    SELECT s FROM json_populate_recordset(NULL::sluice.settlement_input, p_settlements) s
    ORDER BY s.identity, s.place);
  v_keys := ARRAY(
    SELECT DISTINCT t.concurrency_key FROM unnest(v_settlements) s JOIN sluice.task t ON t.pk = s.pk
    WHERE t.concurrency_key IS NOT NULL);
  PERFORM sluice.lock_keys(v_keys);
  v_now := sluice.now_ms(p_now);

  WITH ended AS (
    UPDATE sluice.task t SET
      settled_run = s.run, version = t.version + 1, changed_at = v_now,
      attempts = t.attempts + (s.kind = 'retry' OR (s.kind = 'failed' AND s.charged))::integer,
      crashes = t.crashes + (s.kind = 'crashed')::integer,
      lease_holder = NULL, lease_until = NULL,
      (state, slot, due_at, finished_at, error) = (
        SELECT
          n.state,
          sluice.keeps_slot(t.slot, n.state, t.concurrency_limit),
          CASE WHEN n.state = 'scheduled' THEN s.due_at END,
          CASE WHEN n.state <> 'scheduled' THEN v_now END,
          CASE
            WHEN n.state = 'succeeded' THEN NULL
            WHEN n.state = 'expired' THEN coalesce(s.error::json, t.error, p_expired)
            ELSE coalesce(s.error::json, t.error)
          END
        FROM (
          SELECT sluice.state_after(
            s.kind, t.crashes + 1 >= s.crash_limit, t.cancel_requested, t.deadline_at, s.due_at) AS state
        ) AS n
      )
    FROM (
      SELECT DISTINCT ON (s.identity, s.pk, s.run) s.*, v_now + coalesce(s.after_ms, 0) AS due_at
      FROM unnest(v_settlements) s ORDER BY s.identity, s.pk, s.run, s.place
    ) AS s
    WHERE t.pk = s.pk AND t.run = s.run AND t.state = 'running'
    RETURNING t.pk, s.kind, s.result, s.follow_ups
  ), results AS (
    INSERT INTO sluice.task_result (pk, result) SELECT e.pk, e.result FROM ended e WHERE e.kind = 'succeeded'
  )
  INSERT INTO sluice.follow_up (pk, bodies, leased_until)
    SELECT e.pk, e.follow_ups, v_now + p_follow_up_lease_ms FROM ended e
    WHERE e.kind = 'succeeded' AND cardinality(e.follow_ups) > 0;

  PERFORM sluice.release(v_keys, v_now);
  RETURN (
    SELECT json_agg(CASE WHEN t.settled_run = s.run THEN sluice.record_of(t) END ORDER BY s.place)
    FROM unnest(v_settlements) s LEFT JOIN sluice.task t ON t.pk = s.pk);
END $$;

-- Ends or schedules runs whose lease ran out. In p_error, {crashes} stands for their number.
CREATE FUNCTION sluice.recover(
  p_limit integer, p_crash_limit integer, p_all boolean, p_error text, p_expired json, p_now bigint)
RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_now bigint := sluice.now_ms(p_now);
  v_pks uuid[];
  v_keys text[];
  v_records json;
BEGIN
  IF p_all THEN
    UPDATE sluice.task SET publishing_until = NULL
      WHERE state = 'scheduled' AND greatest(due_at, publishing_until) > v_now AND due_at <= v_now;
    UPDATE sluice.follow_up SET leased_until = v_now WHERE leased_until > v_now;
  END IF;
  v_pks := ARRAY(
    SELECT o.pk FROM (
      SELECT pk, identity FROM sluice.task WHERE state = 'running' AND (p_all OR lease_until < v_now)
      ORDER BY lease_until LIMIT p_limit
    ) AS o ORDER BY o.identity);
  v_keys := ARRAY(
    SELECT DISTINCT t.concurrency_key FROM unnest(v_pks) p JOIN sluice.task t ON t.pk = p
    WHERE t.concurrency_key IS NOT NULL);
  PERFORM sluice.lock_keys(v_keys);
  v_now := sluice.now_ms(p_now);

  WITH recovered AS (
    UPDATE sluice.task t SET
      version = t.version + 1, changed_at = v_now, crashes = t.crashes + t.begun::integer,
      lease_holder = NULL, lease_until = NULL,
      (state, slot, due_at, finished_at, error) = (
        SELECT
          n.state,
          sluice.keeps_slot(t.slot, n.state, t.concurrency_limit),
          CASE WHEN n.state = 'scheduled' THEN v_now END,
          CASE WHEN n.state <> 'scheduled' THEN v_now END,
          CASE
            WHEN t.begun THEN replace(p_error, '{crashes}', (t.crashes + 1)::text)::json
            WHEN n.state = 'expired' THEN coalesce(t.error, p_expired)
            ELSE t.error
          END
        FROM (
          SELECT sluice.state_after(
            'crashed', t.begun AND t.crashes + 1 >= p_crash_limit, t.cancel_requested, t.deadline_at, v_now) AS state
        ) AS n
      )
    FROM unnest(v_pks) p
    WHERE t.pk = p AND t.state = 'running' AND (p_all OR t.lease_until < v_now)
    RETURNING t
  )
  SELECT json_agg(sluice.record_of(r.t)) INTO v_records FROM recovered r;
  PERFORM sluice.release(v_keys, v_now);
  RETURN coalesce(v_records, '[]');
END $$;
`;
