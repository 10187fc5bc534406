/**
 * Slots of concurrency keys. A task takes one when it is claimed and has it until it ends; where the limit is above one,
 * a task that backs off lets go of it meanwhile. Under a limit of one that would let a successor overtake.
 *
 * The order of locks, in every function: the rows of keys by key; new rows of tasks by identity; known ones by primary
 * key; then those that `release` finds, which nobody else touches without the key. So no two calls wait for each other.
 */
export const SLOTS = `
-- One after another in their order, each made where it is missing: the sweep removes those that nobody uses.
CREATE FUNCTION sluice.lock_keys(p_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_key text COLLATE "C";
BEGIN
  FOR v_key IN SELECT k FROM unnest(p_keys) k ORDER BY k COLLATE "C" LOOP
    LOOP
      PERFORM FROM sluice.concurrency_key WHERE key = v_key FOR UPDATE;
      EXIT WHEN FOUND;
      INSERT INTO sluice.concurrency_key (key) VALUES (v_key) ON CONFLICT DO NOTHING;
      EXIT WHEN FOUND;
    END LOOP;
  END LOOP;
END $$;

-- Promises free slots to those that wait longest; their message is published again. The keys have to be locked.
CREATE FUNCTION sluice.release(p_keys text[], p_now bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_key text;
  v_next record;
BEGIN
  FOR v_key IN
    SELECT k FROM unnest(p_keys) k
    WHERE EXISTS (SELECT FROM sluice.task WHERE concurrency_key = k AND state = 'blocked' OFFSET 0)
  LOOP
    LOOP
      SELECT pk, coalesce(concurrency_limit, 1) AS most INTO v_next FROM sluice.task
        WHERE concurrency_key = v_key AND state = 'blocked' ORDER BY blocked_number LIMIT 1;
      EXIT WHEN NOT FOUND
        OR (SELECT count(*) FROM sluice.task WHERE concurrency_key = v_key AND slot) >= v_next.most;
      UPDATE sluice.task SET
          state = 'scheduled', version = version + 1, changed_at = p_now, due_at = p_now, blocked_number = NULL,
          slot = true
        WHERE pk = v_next.pk;
    END LOOP;
  END LOOP;
END $$;
`;
