/**
 * SQL: whether a commit of this session would wait for a standby that is not connected. Which of those connected are
 * synchronous is told to members of `pg_read_all_stats` only; to others each counts as one.
 */
export const COMMITS_STALL = `(
  current_setting('synchronous_standby_names') <> ''
  AND current_setting('synchronous_commit') NOT IN ('off', 'local')
  AND (
    SELECT count(*) FROM pg_stat_replication WHERE coalesce(sync_state, 'sync') IN ('sync', 'quorum')
  ) < coalesce(
    -- As in: FIRST 2 (a, b, c). Without a number it is one.
    substring(current_setting('synchronous_standby_names') from '(?i)^\\s*(?:(?:first|any)\\s+)?(\\d+)\\s*\\(')::integer,
    1))`;

/** What is told of it. */
export const STALLED = 'commits wait for a standby that is not connected';
