/** Whether something answers. */
export interface Reachability {
  readonly ok: boolean;
  /** What is wrong, where `ok` is false. */
  readonly reason?: string | undefined;
}

/** What an engine can say of itself. */
export interface Health extends Reachability {
  /** What the engine really promises once it has confirmed a write, in one plain line. */
  readonly durability: string;
  /** True when a confirmed write survives the loss of power. */
  readonly durable: boolean;
  /** Accepted tasks that wait on the disk of this process until the engine takes them; none without a spool. */
  readonly spooled?: number;
  /** Of those, the ones that are too large for the engine; left out where there are none. */
  readonly tooLarge?: number;
}
