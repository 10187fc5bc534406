import { type ErrorCode, ERRORS, SluiceError } from '../core/errors.ts';
import type { MemberStatus } from './cluster.ts';
import { type ControlAddress, runningControl } from './control-file.ts';
import { leftovers } from './leftovers.ts';
import { sharedSecrets } from './shared-secrets.ts';

export type Command = 'kill' | 'pause' | 'heal';

const ANSWER_MS = 15_000;
/** Longer than a member has to come up. */
const HEAL_MS = 240_000;

/**
 * Commands the cluster that runs in `folder`. Every method rejects with SluiceError `SLUICE_CLUSTER_ABSENT` where none
 * does, `SLUICE_CLUSTER_ABANDONED` where only its members do, and `SLUICE_CLUSTER_SILENT` where it does not answer.
 */
export class ControlClient {
  readonly #folder: string;
  readonly #answerMs: number;

  /** @param answerMs how long it may take to answer what is done in a moment */
  constructor(folder: string, answerMs = ANSWER_MS) {
    this.#folder = folder;
    this.#answerMs = answerMs;
  }

  members(): Promise<MemberStatus[]> {
    return this.#send('GET', '/members');
  }

  /** @throws SluiceError `SLUICE_MEMBER_UNKNOWN`, `SLUICE_MEMBER_NOT_UP` or `SLUICE_MEMBER_FAILED` */
  command(command: Command, member: string): Promise<MemberStatus[]> {
    const path = `/members/${encodeURIComponent(member)}/${command}`;
    return this.#send('POST', path, command === 'heal' ? HEAL_MS : this.#answerMs);
  }

  /** Resolves when the cluster knows that it is to end. */
  down(): Promise<MemberStatus[]> {
    return this.#send('POST', '/down');
  }

  async #send(method: string, path: string, withinMs = this.#answerMs): Promise<MemberStatus[]> {
    const address = runningControl(this.#folder);
    if (!address) throw this.#notRunning();
    const { control } = await sharedSecrets(this.#folder);
    const response = await fetch(`http://127.0.0.1:${address.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${control}` },
      signal: AbortSignal.timeout(withinMs),
    }).catch((error: unknown) => {
      throw this.#unheard(address, error);
    });
    const body: unknown = await response.json().catch((error: unknown) => {
      throw this.#unheard(address, error);
    });
    if (response.status === 401) throw this.#absent();
    if (response.ok) return body as MemberStatus[];
    throw asError(body as Failure);
  }

  #unheard({ pid }: ControlAddress, cause: unknown): SluiceError {
    const silent = cause instanceof Error && cause.name === 'TimeoutError';
    if (!silent) return this.#absent(cause);
    return new SluiceError('SLUICE_CLUSTER_SILENT', { folder: this.#folder, pid }, { cause });
  }

  #notRunning(): SluiceError {
    const members = leftovers(this.#folder).join(', ');
    if (members === '') return this.#absent();
    return new SluiceError('SLUICE_CLUSTER_ABANDONED', { folder: this.#folder, members });
  }

  #absent(cause?: unknown): SluiceError {
    return new SluiceError('SLUICE_CLUSTER_ABSENT', { folder: this.#folder }, { cause });
  }
}

interface Failure {
  readonly code?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly message: string;
}

function asError({ code, data, message }: Failure): Error {
  return code !== undefined && Object.hasOwn(ERRORS, code)
    ? new SluiceError(code as ErrorCode, data)
    : new Error(message);
}
