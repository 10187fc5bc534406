/** Where the parts of Sluice tell what they do. `src/observe` makes the real one. */
export interface Logger {
  debug(message: string, data?: Record<string, unknown>): void;
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

function nothing(): void {
  // Says nothing.
}

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
