/** How a process is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it may not run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** One process of the topology. */
export interface Member {
  readonly name: string;
  readonly port: number;
  /** Asks it to end properly. */
  readonly stopSignal: NodeJS.Signals;
  /** Makes its folders and files; what is there already stays. */
  prepare(): Promise<void>;
  launch(): Launch;
  /** Rejects until it does its work. */
  probe(): Promise<void>;
}
