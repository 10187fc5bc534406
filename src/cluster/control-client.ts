import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, ERRORS, SluiceError } from '../core/errors.ts';
import type { MemberStatus } from './cluster.ts';
import { sharedSecrets } from './shared-secrets.ts';

/** The file in a cluster's folder that says where its control listens, while it runs. */
export const CONTROL_FILE = 'control.json';

export interface ControlAddress {
  readonly port: number;
  readonly pid: number;
}

export type Command = 'kill' | 'pause' | 'heal';

/** Commands the cluster that runs in `folder`. Every method rejects with SluiceError `SLUICE_CLUSTER_ABSENT` where none does. */
export class ControlClient {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  members(): Promise<MemberStatus[]> {
    return this.#send('GET', '/members');
  }

  /** @throws SluiceError `SLUICE_MEMBER_UNKNOWN` or `SLUICE_MEMBER_FAILED` */
  command(command: Command, member: string): Promise<MemberStatus[]> {
    return this.#send('POST', `/members/${encodeURIComponent(member)}/${command}`);
  }

  down(): Promise<MemberStatus[]> {
    return this.#send('POST', '/down');
  }

  async #send(method: string, path: string): Promise<MemberStatus[]> {
    const { port } = await this.#address();
    const { control } = await sharedSecrets(this.#folder);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${control}` },
    }).catch((error: unknown) => {
      throw this.#absent(error);
    });
    if (response.status === 401) throw this.#absent(undefined);
    const body: unknown = await response.json();
    if (response.ok) return body as MemberStatus[];
    throw asError(body as Failure);
  }

  async #address(): Promise<ControlAddress> {
    try {
      return JSON.parse(await readFile(join(this.#folder, CONTROL_FILE), 'utf8')) as ControlAddress;
    } catch (error) {
      throw this.#absent(error);
    }
  }

  #absent(cause: unknown): SluiceError {
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
