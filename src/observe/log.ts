import { pino, stdTimeFunctions } from 'pino';
import type { Logger } from '../core/logger.ts';
import { prettyLine } from './pretty-line.ts';
import { redact, redactText } from './redaction.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  /** The least urgent that is written. Default `info`. */
  readonly level?: LogLevel;
  /** `json`: one object a line; `pretty`: for people. Default: `pretty` where stderr is a terminal. */
  readonly format?: 'json' | 'pretty';
  /** Of `pretty`. Default: where stderr is a terminal. */
  readonly colours?: boolean;
  /** Where the lines go. Default: stderr. */
  readonly write?: (line: string) => void;
}

/** What a reader of stderr that has stalled may keep in memory; what comes after is lost, the server goes on. */
const MAX_BUFFER_BYTES = 8 * 1024 * 1024;
const STDERR = 2;

/** A logger that writes to stderr, with secrets taken out. Never throws. */
export function createLogger(options: LogOptions = {}): Logger {
  const log = pino(
    { level: options.level ?? 'info', base: null, timestamp: stdTimeFunctions.isoTime },
    destination(options),
  );
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, data?: Record<string, unknown>): void => {
      if (!log.isLevelEnabled(level)) return;
      log[level](data ? redact(data) : {}, redactText(message));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function destination({ format, colours, write }: LogOptions): { write(line: string): void } {
  const pretty = (format ?? (process.stderr.isTTY ? 'pretty' : 'json')) === 'pretty';
  if (!pretty && !write) {
    return pino.destination({ dest: STDERR, sync: false, maxLength: MAX_BUFFER_BYTES });
  }
  const out = write ?? ((line: string) => void process.stderr.write(line));
  if (!pretty) return { write: out };
  const coloured = colours ?? process.stderr.isTTY;
  return { write: (line) => out(prettyLine(line, coloured)) };
}
