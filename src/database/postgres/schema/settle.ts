/** How runs end: by their settlement, or because nobody has heard of them. */
export const SETTLE = `
CREATE TYPE sluice.settlement_input AS (
  place integer,
  pk uuid,
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
  v_all sluice.settlement_input[];
  v_settlements sluice.settlement_input[];
  v_pks uuid[];
  v_keys text[];
BEGIN
  v_all := ARRAY(SELECT s FROM json_populate_recordset(NULL::sluice.settlement_input, p_settlements) s);
  -- Of several runs of a task only the last can be its current one.
  v_settlements := ARRAY(
    SELECT last FROM (
      SELECT DISTINCT ON (s.pk) s AS last FROM unnest(v_all) s ORDER BY s.pk, s.run DESC, s.place) AS each);
  v_pks := ARRAY(SELECT s.pk FROM unnest(v_settlements) s);
  v_keys := ARRAY(
    SELECT DISTINCT t.concurrency_key FROM sluice.task t
    WHERE t.pk = ANY (v_pks) AND t.concurrency_key IS NOT NULL);
  PERFORM sluice.lock_keys(v_keys);
  v_now := sluice.now_ms(p_now);

  WITH ended AS (
    UPDATE sluice.task t SET
      version = t.version + 1, changed_at = v_now, lease_holder = NULL, lease_until = NULL,
      (settled_run, attempts, crashes, state, slot, due_at, finished_at, error) = (
        SELECT
          s.run,
          t.attempts + (s.kind = 'retry' OR (s.kind = 'failed' AND s.charged))::integer,
          t.crashes + (s.kind = 'crashed')::integer,
          n.state,
          sluice.keeps_slot(t.slot, n.state, t.concurrency_limit),
          CASE WHEN n.state = 'scheduled' THEN n.due_at END,
          CASE WHEN n.state <> 'scheduled' THEN v_now END,
          CASE
            WHEN n.state = 'succeeded' THEN NULL
            WHEN n.state = 'expired' THEN coalesce(s.error::json, t.error, p_expired)
            ELSE coalesce(s.error::json, t.error)
          END
        FROM (SELECT (v_settlements[width_bucket(t.pk, v_pks)]).*) AS s
        CROSS JOIN LATERAL (SELECT v_now + coalesce(s.after_ms, 0) AS due_at) AS d
        CROSS JOIN LATERAL (
          SELECT d.due_at, sluice.state_after(
            s.kind, t.crashes + 1 >= s.crash_limit, t.cancel_requested, t.deadline_at, d.due_at) AS state) AS n
      )
    WHERE t.pk = ANY (v_pks) AND t.run = (v_settlements[width_bucket(t.pk, v_pks)]).run
      AND t.state IS NOT DISTINCT FROM 'running'
    RETURNING v_settlements[width_bucket(t.pk, v_pks)] AS s
  ), results AS (
    INSERT INTO sluice.task_result (pk, result)
      SELECT (e.s).pk, (e.s).result FROM ended e WHERE (e.s).kind = 'succeeded'
  )
  INSERT INTO sluice.follow_up (pk, bodies, settled_at, leased_until)
    SELECT (e.s).pk, (e.s).follow_ups, v_now, v_now + p_follow_up_lease_ms FROM ended e
    WHERE (e.s).kind = 'succeeded' AND cardinality((e.s).follow_ups) > 0;

  PERFORM sluice.release(v_keys, v_now);
  RETURN (
    SELECT json_agg(t.record ORDER BY s.place)
    FROM unnest(v_all) s LEFT JOIN LATERAL (
      SELECT sluice.record_of(t) AS record FROM sluice.task t WHERE t.pk = s.pk AND t.settled_run = s.run OFFSET 0
    ) AS t ON true);
END $$;

-- Takes back what a claim has permitted whose answer was lost; one that is still under way is waited for, and one that
-- comes later does nothing. So nobody runs what was permitted, and it does not count as interrupted.
CREATE FUNCTION sluice.hand_back(p_call uuid, p_pks uuid[], p_expired json, p_now bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(sluice.lock_of(p_call));
  INSERT INTO sluice.revoked_call (call, revoked_at) VALUES (p_call, sluice.now_ms(p_now)) ON CONFLICT DO NOTHING;
  PERFORM sluice.settle(
    (
      SELECT json_agg(json_build_object('place', 0, 'pk', t.pk, 'run', t.run, 'kind', 'returned'))
      FROM sluice.task t
      WHERE t.pk = ANY (p_pks) AND t.claim_call = p_call AND t.state IS NOT DISTINCT FROM 'running'
    ), p_expired, 0, p_now);
END $$;

-- As pauseAfter in interruption.ts.
CREATE FUNCTION sluice.pause_after(p_interruptions integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_interruptions > 2 THEN least(3600000, 5000::bigint * (1 << least(p_interruptions - 3, 20)))
    ELSE 0
  END
$$;

-- Ends or schedules runs whose lease ran out. In p_error, {times} stands for how often that has happened to the task.
CREATE FUNCTION sluice.recover(
  p_limit integer, p_interruption_limit integer, p_all boolean, p_error text, p_expired json, p_now bigint)
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
    SELECT pk FROM sluice.task WHERE state = 'running' AND (p_all OR lease_until < v_now)
    ORDER BY lease_until LIMIT p_limit);
  v_keys := ARRAY(
    SELECT DISTINCT t.concurrency_key FROM sluice.task t
    WHERE t.pk = ANY (v_pks) AND t.concurrency_key IS NOT NULL);
  PERFORM sluice.lock_keys(v_keys);
  v_now := sluice.now_ms(p_now);

  WITH recovered AS (
    UPDATE sluice.task t SET
      version = t.version + 1, changed_at = v_now, lease_holder = NULL, lease_until = NULL,
      (interruptions, state, slot, due_at, finished_at, error) = (
        SELECT
          i.interruptions,
          n.state,
          sluice.keeps_slot(t.slot, n.state, t.concurrency_limit),
          CASE WHEN n.state = 'scheduled' THEN n.due_at END,
          CASE WHEN n.state <> 'scheduled' THEN v_now END,
          CASE
            WHEN t.begun THEN replace(p_error, '{times}', i.interruptions::text)::json
            WHEN n.state = 'expired' THEN coalesce(t.error, p_expired)
            ELSE t.error
          END
        FROM (SELECT t.interruptions + t.begun::integer AS interruptions) AS i
        CROSS JOIN LATERAL (
          SELECT v_now + CASE WHEN t.begun THEN sluice.pause_after(i.interruptions) ELSE 0 END AS due_at) AS d
        CROSS JOIN LATERAL (
          SELECT d.due_at, sluice.state_after(
            'crashed', t.begun AND i.interruptions >= p_interruption_limit, t.cancel_requested, t.deadline_at,
            d.due_at) AS state) AS n
      )
    WHERE t.pk = ANY (v_pks) AND t.state IS NOT DISTINCT FROM 'running' AND (p_all OR t.lease_until < v_now)
    RETURNING t
  )
  SELECT json_agg(sluice.record_of(r.t)) INTO v_records FROM recovered r;
  PERFORM sluice.release(v_keys, v_now);
  RETURN coalesce(v_records, '[]');
END $$;
`;
