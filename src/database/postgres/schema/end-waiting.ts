/** Ends of tasks that do not run: someone cancels them, or their message can not be used. */
export const END_WAITING = `
-- What there is of the task, without a lock: the row under this key, or under another id of the same identity.
CREATE FUNCTION sluice.find(p_pk uuid, p_identity bytea, p_keyed boolean)
RETURNS TABLE (pk uuid, concurrency_key text) LANGUAGE sql STABLE AS $$
  SELECT t.pk, t.concurrency_key FROM sluice.task t WHERE t.pk = p_pk
  UNION ALL
  SELECT t.pk, t.concurrency_key FROM sluice.task t WHERE p_keyed AND t.keyed AND t.identity = p_identity
  LIMIT 1
$$;

-- Does nothing but name the task where that is neither p_id nor p_same.
CREATE FUNCTION sluice.cancel(
  p_pk uuid, p_identity bytea, p_keyed boolean, p_created_at bigint, p_id text, p_same text, p_tenant text,
  p_horizon_ms bigint, p_now bigint)
RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_found record;
  v_task sluice.task;
BEGIN
  LOOP
    SELECT pk, concurrency_key INTO v_found FROM sluice.find(p_pk, p_identity, p_keyed);
    IF FOUND THEN
      PERFORM sluice.lock_keys(ARRAY(SELECT v_found.concurrency_key WHERE v_found.concurrency_key IS NOT NULL));
      SELECT * INTO v_task FROM sluice.task WHERE pk = v_found.pk FOR UPDATE;
      EXIT WHEN FOUND;
    END IF;
    v_now := sluice.now_ms(p_now);
    IF p_created_at < v_now - p_horizon_ms
      OR EXISTS (SELECT FROM sluice.tombstone WHERE identity = p_identity) THEN
      RETURN json_build_object('kind', 'gone');
    END IF;
    INSERT INTO sluice.task AS t (
        pk, identity, keyed, id, tenant, task, created_at, changed_at, finished_at, version, state, cancel_requested)
      VALUES (p_pk, p_identity, p_keyed, p_id, p_tenant, '', p_created_at, v_now, v_now, 2, 'cancelled', true)
      ON CONFLICT DO NOTHING RETURNING t.* INTO v_task;
    IF FOUND THEN RETURN json_build_object('kind', 'cancelled', 'record', sluice.record_of(v_task)); END IF;
  END LOOP;

  IF v_task.id <> p_id AND v_task.id IS DISTINCT FROM p_same THEN
    RETURN json_build_object('kind', 'other', 'id', v_task.id);
  END IF;
  v_now := sluice.now_ms(p_now);
  IF v_task.finished_at IS NOT NULL THEN
    RETURN json_build_object('kind', 'ended', 'record', sluice.record_of(v_task));
  END IF;
  IF v_task.state = 'running' THEN
    UPDATE sluice.task t SET cancel_requested = true WHERE t.pk = v_task.pk RETURNING t.* INTO v_task;
    RETURN json_build_object('kind', 'requested', 'record', sluice.record_of(v_task));
  END IF;
  UPDATE sluice.task t SET
      state = 'cancelled', version = t.version + 1, changed_at = v_now, finished_at = v_now, cancel_requested = true,
      due_at = NULL, publishing_until = NULL, blocked_number = NULL, slot = false
    WHERE t.pk = v_task.pk RETURNING t.* INTO v_task;
  PERFORM sluice.release(ARRAY(SELECT v_found.concurrency_key WHERE v_found.concurrency_key IS NOT NULL), v_now);
  RETURN json_build_object('kind', 'cancelled', 'record', sluice.record_of(v_task));
END $$;

CREATE TYPE sluice.rejection_input AS (
  pk uuid, identity bytea, keyed boolean, created_at bigint, id text, tenant text, task text, error text);

-- Records the failure of tasks that have no row, or wait. One that is blocked needs no message until it is released.
CREATE FUNCTION sluice.reject(p_rejections json, p_now bigint) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_rejections sluice.rejection_input[];
  v_pks uuid[];
  v_keys text[];
BEGIN
  v_rejections := ARRAY(
    SELECT one FROM (
      SELECT DISTINCT ON (r.pk) r AS one
      FROM json_populate_recordset(NULL::sluice.rejection_input, p_rejections) r ORDER BY r.pk) AS each);
  v_pks := ARRAY(SELECT r.pk FROM unnest(v_rejections) r);
  v_keys := ARRAY(
    SELECT DISTINCT t.concurrency_key FROM sluice.task t
    WHERE t.pk = ANY (v_pks) AND t.concurrency_key IS NOT NULL);
  PERFORM sluice.lock_keys(v_keys);
  v_now := sluice.now_ms(p_now);

  INSERT INTO sluice.task (
      pk, identity, keyed, id, tenant, task, created_at, changed_at, finished_at, version, state, error)
    SELECT r.pk, r.identity, r.keyed, r.id, r.tenant, r.task, r.created_at, v_now, v_now, 2, 'failed', r.error::json
    FROM unnest(v_rejections) r
    WHERE NOT EXISTS (SELECT FROM sluice.task t WHERE t.pk = r.pk OFFSET 0)
      AND NOT EXISTS (SELECT FROM sluice.tombstone d WHERE d.identity = r.identity OFFSET 0)
    ORDER BY r.identity
    ON CONFLICT DO NOTHING;

  UPDATE sluice.task t SET
      state = 'failed', version = t.version + 1, changed_at = v_now, finished_at = v_now, due_at = NULL,
      publishing_until = NULL, slot = false, error = (v_rejections[width_bucket(t.pk, v_pks)]).error::json
    WHERE t.pk = ANY (v_pks) AND t.id = (v_rejections[width_bucket(t.pk, v_pks)]).id
      AND t.state IN ('queued', 'scheduled')
      -- A slot can not have come to a task that had no row a moment ago.
      AND (NOT t.slot OR t.concurrency_key = ANY (v_keys));
  PERFORM sluice.release(v_keys, v_now);
END $$;
`;
