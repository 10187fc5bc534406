/** How a process is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How far it stands back for the others, as `nice` has it. Default 0. */
  readonly niceness?: number;
  /** Where it may not run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** How a process is asked to end properly. */
export interface StopRequest {
  readonly stopSignal: NodeJS.Signals;
  /** It is asked again so often, for one that misses what comes while it begins. Default: never. */
  readonly stopAgainMs?: number | undefined;
}

/** One process of the topology. */
export interface Member extends StopRequest {
  readonly name: string;
  readonly port: number;
  /** Ends it at once, when there is no time to wait. Default: that of `kill -9`. */
  readonly haltSignal?: NodeJS.Signals;
  /** Makes its folders and files; what is there already stays. */
  prepare(): Promise<void>;
  launch(): Launch;
  /** Rejects until it does its work. */
  probe(): Promise<void>;
}
