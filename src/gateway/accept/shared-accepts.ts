import { SluiceError } from '../../core/errors.ts';
import type { TaskId } from '../../core/task-id.ts';

interface InFlight {
  readonly id: TaskId;
  readonly content: readonly string[];
  readonly done: Promise<unknown>;
}

/** The keyed accepts under way in this gateway, so that requests with one key make one task. */
export class SharedAccepts<Accepted> {
  readonly #byIdentity = new Map<string, InFlight & { readonly done: Promise<Accepted> }>();

  /**
   * The accept under way for the same identity, if there is one.
   * @throws SluiceError `SLUICE_IDEMPOTENCY_KEY_REUSED` when that one has other content
   */
  join(id: TaskId, content: readonly string[]): Promise<Accepted> | undefined {
    const other = this.#byIdentity.get(id.identity);
    if (!other) return undefined;
    const same =
      other.content.length === content.length && other.content.every((part, at) => part === content[at]);
    if (!same) throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_REUSED', { taskId: other.id.text });
    return other.done;
  }

  /** Lets others join `done` until it settles. */
  open(id: TaskId, content: readonly string[], done: Promise<Accepted>): void {
    this.#byIdentity.set(id.identity, { id, content, done });
    const forget = (): void => {
      this.#byIdentity.delete(id.identity);
    };
    done.then(forget, forget);
  }
}
