/** What an engine can say of itself. */
export interface Health {
  readonly ok: boolean;
  /** What the engine really promises once it has confirmed a write, in one plain line. */
  readonly durability: string;
  /** True when a confirmed write survives the loss of power. */
  readonly durable: boolean;
  /** What is wrong, where `ok` is false. */
  readonly reason?: string | undefined;
}
