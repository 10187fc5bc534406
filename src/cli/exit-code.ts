import { type ErrorCode, SluiceError } from '../core/errors.ts';
import { ServerProblem } from './client/server-problem.ts';

/** What the process ends with. Documented in docs/reference/cli.md; scripts depend on it. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unauthorised: 4,
  conflict: 5,
  waitTimeout: 6,
  taskFailed: 7,
  engineUnavailable: 8,
  interrupted: 130,
} as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  SLUICE_COMMAND_INVALID: EXIT.usage,
  SLUICE_OPTION_INVALID: EXIT.usage,
  SLUICE_BODY_NOT_JSON: EXIT.usage,
  SLUICE_CONFIG_INVALID: EXIT.usage,
  SLUICE_KEYS_INVALID: EXIT.usage,
  SLUICE_SECRET_INVALID: EXIT.usage,
  SLUICE_BIND_UNPROTECTED: EXIT.usage,
  SLUICE_DEFINITION_INVALID: EXIT.usage,
  SLUICE_DEFINITION_DUPLICATE: EXIT.usage,
  SLUICE_SCHEMA_UNSUPPORTED: EXIT.usage,
  SLUICE_TASKS_MISSING: EXIT.usage,
  SLUICE_TASKS_PATH_MISSING: EXIT.usage,
  SLUICE_TASKS_BUILD_FAILED: EXIT.usage,
  SLUICE_PACKAGE_MISSING: EXIT.usage,
  SLUICE_TASKS_LOAD_FAILED: EXIT.usage,
  SLUICE_DATABASE_NEWER: EXIT.conflict,
  SLUICE_WAIT_TIMEOUT: EXIT.waitTimeout,
  SLUICE_SERVER_UNREACHABLE: EXIT.engineUnavailable,
  SLUICE_DATA_LOCKED: EXIT.engineUnavailable,
  SLUICE_DATA_UNLOCKABLE: EXIT.engineUnavailable,
  SLUICE_DATA_UNUSABLE: EXIT.engineUnavailable,
  SLUICE_SPOOL_LEFT: EXIT.engineUnavailable,
  SLUICE_ENGINE_UNREACHABLE: EXIT.engineUnavailable,
  SLUICE_QUEUE_UNUSABLE: EXIT.engineUnavailable,
  SLUICE_DATABASE_UNUSABLE: EXIT.engineUnavailable,
  SLUICE_DURABILITY_INSUFFICIENT: EXIT.engineUnavailable,
};

const BY_STATUS: Record<number, number> = {
  400: EXIT.usage,
  401: EXIT.unauthorised,
  403: EXIT.unauthorised,
  404: EXIT.notFound,
  409: EXIT.conflict,
  410: EXIT.notFound,
  413: EXIT.usage,
  422: EXIT.usage,
  503: EXIT.engineUnavailable,
};

/** The exit code that tells of `error`. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ServerProblem) return BY_STATUS[error.problem.status] ?? EXIT.failure;
  return SluiceError.is(error) ? (BY_CODE[error.code] ?? EXIT.failure) : EXIT.failure;
}
