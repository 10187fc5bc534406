import { createHash } from 'node:crypto';
import { SluiceError } from '../../core/errors.ts';

const LINE = /^([a-z][a-z0-9-]{0,62}):(?:sha256:([0-9a-f]{64})|([\x21-\x2b\x2d-\x7e]+))$/i;
const MIN_KEY_LENGTH = 20;
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** The API keys of an installation and the tenant that each belongs to. Only their SHA-256 is kept. */
export class ApiKeys {
  readonly #tenants: ReadonlyMap<string, string>;

  private constructor(tenants: ReadonlyMap<string, string>) {
    this.#tenants = tenants;
  }

  /**
   * Reads keys, one a line (or separated by commas): `tenant:key`, or `tenant:sha256:<hex of the key's SHA-256>`.
   * Empty lines and those that begin with `#` are skipped. A tenant may have several keys.
   * @param source what to call the text in errors, such as the path of its file
   * @throws SluiceError `SLUICE_KEYS_INVALID`, which never shows a key
   */
  static parse(text: string, source: string): ApiKeys {
    const tenants = new Map<string, string>();
    const refuse = (line: number, reason: string): never => {
      throw new SluiceError('SLUICE_KEYS_INVALID', { path: source, reason: `key ${line} ${reason}` });
    };
    const entries = text
      .split(/[\n\r]+/)
      .filter((line) => !line.trimStart().startsWith('#'))
      .flatMap((line) => line.split(','))
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    for (const [index, entry] of entries.entries()) {
      const [, tenant = '', hash, key = ''] = LINE.exec(entry) ?? refuse(index + 1, 'is not tenant:key');
      if (!hash && key.length < MIN_KEY_LENGTH) {
        refuse(index + 1, `has less than ${MIN_KEY_LENGTH} characters`);
      }
      const digest = hash?.toLowerCase() ?? sha256(key);
      if ((tenants.get(digest) ?? tenant) !== tenant) refuse(index + 1, 'belongs to two tenants');
      tenants.set(digest, tenant);
    }
    if (tenants.size === 0) {
      throw new SluiceError('SLUICE_KEYS_INVALID', { path: source, reason: 'there is no key in it' });
    }
    return new ApiKeys(tenants);
  }

  /**
   * The tenant that an `Authorization` header stands for.
   * @throws SluiceError `SLUICE_CREDENTIALS_MISSING` or `SLUICE_CREDENTIALS_INVALID`
   */
  tenantOf(authorization: string | undefined): string {
    if (authorization === undefined) throw new SluiceError('SLUICE_CREDENTIALS_MISSING');
    const tenant = this.#find(authorization);
    if (tenant === undefined) throw new SluiceError('SLUICE_CREDENTIALS_INVALID');
    return tenant;
  }

  /** Whether an `Authorization` header holds one of the keys. */
  admit(authorization: string | undefined): boolean {
    return authorization !== undefined && this.#find(authorization) !== undefined;
  }

  #find(authorization: string): string | undefined {
    const key = BEARER.exec(authorization)?.[1];
    // Looking up a digest takes no time that depends on how much of a guessed key is right.
    return key === undefined ? undefined : this.#tenants.get(sha256(key));
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
