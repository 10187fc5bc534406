import type { Logger } from '../../src/core/logger.ts';

export interface RecordingLogger extends Logger {
  /** Everything that was logged: level, message and data, one text each. */
  readonly entries: string[];
}

export function recordingLogger(): RecordingLogger {
  const entries: string[] = [];
  const record =
    (level: string) =>
    (message: string, data: Record<string, unknown> = {}): void => {
      entries.push(`${level} ${message} ${JSON.stringify(data)}`);
    };
  return {
    entries,
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
  };
}
