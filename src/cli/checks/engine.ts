/** A URL, and the variable, file or flag that it comes from. */
export interface EngineSetting {
  readonly url: string;
  readonly from: string;
}

/** What to do about an engine that can not be reached. */
export function startIt(engine: string, from: string): string {
  return `start ${engine}, or correct ${from}; its port has to be open to this machine`;
}

/** What to do about an engine that answers and will not have this client. */
export function correctIt(from: string): string {
  return `correct that on the server, or in ${from}`;
}
