import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from './clock.ts';
import { SluiceError } from './errors.ts';
import { Hmac } from './hmac.ts';
import type { Random } from './random.ts';

// tsk_ + base64url(48-bit time | 80-bit identity | 8 flags | 16-bit fingerprint | 64-bit tag)
const PREFIX = 'tsk_';
const IDENTITY_AT = 6;
const FLAGS_AT = 16;
const FINGERPRINT_AT = 17;
const TAG_AT = 19;
const BYTES = 27;
const IDENTITY_BYTES = FLAGS_AT - IDENTITY_AT;
const TAG_BYTES = BYTES - TAG_AT;
const KEYED = 1;
const SHAPE = /^tsk_[A-Za-z0-9_-]{36}$/;
const PK_SHAPE = /^[0-9a-f]{32}$/;
const MIN_SECRET_LENGTH = 32;

/** A verified id, taken apart. */
export interface TaskId {
  /** The public form, 40 characters. */
  readonly text: string;
  /** Primary key of the task: time and identity in hexadecimal, 32 characters, in append order. */
  readonly pk: string;
  /** What makes two ids the same task, in hexadecimal, 20 characters. */
  readonly identity: string;
  /** True when the identity stems from an idempotency key, so that other ids may share it. */
  readonly keyed: boolean;
  /** 16 bits over input and options, in hexadecimal: tells a repeated request from another one under the same key.
   * Zero where there is no key. */
  readonly fingerprint: string;
  /** When the id was made, in milliseconds since the epoch. */
  readonly time: number;
}

/** What is to be identified. With `idempotencyKey`, two mints of one (tenant, task, key) share their identity. */
export interface MintRequest {
  readonly tenant: string;
  readonly task: string;
  readonly idempotencyKey?: string | undefined;
  /** All that has to be the same for a repeated request to count as a repetition. */
  readonly content: readonly string[];
}

/** Makes and verifies task ids. All gateways and workers of an installation share the secrets. */
export class TaskIds {
  readonly #signer: Hmac;
  readonly #verifiers: readonly Hmac[];
  readonly #clock: Clock;
  readonly #random: Random;

  /**
   * @param secrets the first signs, all of them verify (put a new one second, everywhere, before it becomes the first)
   * @throws SluiceError `SLUICE_SECRET_INVALID` when there is none or one is shorter than 32 characters
   */
  constructor(secrets: readonly string[], clock: Clock, random: Random) {
    const [signer] = secrets;
    if (signer === undefined) throw new SluiceError('SLUICE_SECRET_INVALID', { reason: 'there is none' });
    if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
      throw new SluiceError('SLUICE_SECRET_INVALID', { reason: 'it is too short' });
    }
    this.#signer = new Hmac(signer);
    this.#verifiers = secrets.map((secret) => new Hmac(secret));
    this.#clock = clock;
    this.#random = random;
  }

  mint(request: MintRequest): TaskId {
    const bytes = Buffer.allocUnsafe(BYTES);
    bytes.writeUIntBE(this.#clock.now(), 0, IDENTITY_AT);
    this.#identity(request).copy(bytes, IDENTITY_AT);
    const keyed = request.idempotencyKey !== undefined;
    bytes[FLAGS_AT] = keyed ? KEYED : 0;
    bytes.writeUInt16BE(keyed ? digest(request.content).readUInt16BE() : 0, FINGERPRINT_AT);
    tag(this.#signer, bytes, request.tenant).copy(bytes, TAG_AT);
    return takeApart(bytes);
  }

  /** The id, or undefined when `text` is no id or was not made for `tenant` with one of the secrets. */
  verify(text: string, tenant: string): TaskId | undefined {
    if (!SHAPE.test(text)) return undefined;
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
    const given = bytes.subarray(TAG_AT);
    const genuine = this.#verifiers.some((hmac) => timingSafeEqual(tag(hmac, bytes, tenant), given));
    return genuine ? takeApart(bytes) : undefined;
  }

  #identity({ tenant, task, idempotencyKey }: MintRequest): Buffer {
    if (idempotencyKey === undefined) return this.#random.bytes(IDENTITY_BYTES);
    return digest([tenant, task, idempotencyKey]).subarray(0, IDENTITY_BYTES);
  }
}

/** Takes an id apart without verifying it: for ids that come from the own queue or database. */
export function readTaskId(text: string): TaskId | undefined {
  return SHAPE.test(text) ? takeApart(Buffer.from(text.slice(PREFIX.length), 'base64url')) : undefined;
}

/** True for text in the form of a `TaskId.pk`. */
export function isPk(text: string): boolean {
  return PK_SHAPE.test(text);
}

/**
 * @param found the id of the task that `id` leads to
 * @returns `found` where it is another's: a request with the same idempotency key and other content has come first
 */
export function winnerOver(id: TaskId, found: string): string | undefined {
  const same = found === id.text || readTaskId(found)?.fingerprint === id.fingerprint;
  return same ? undefined : found;
}

function takeApart(bytes: Buffer): TaskId {
  const hex = bytes.toString('hex', 0, TAG_AT);
  return {
    text: PREFIX + bytes.toString('base64url'),
    pk: hex.slice(0, 2 * FLAGS_AT),
    identity: hex.slice(2 * IDENTITY_AT, 2 * FLAGS_AT),
    keyed: ((bytes[FLAGS_AT] ?? 0) & KEYED) !== 0,
    fingerprint: hex.slice(2 * FINGERPRINT_AT),
    time: bytes.readUIntBE(0, IDENTITY_AT),
  };
}

function tag(hmac: Hmac, bytes: Buffer, tenant: string): Buffer {
  const signed = Buffer.allocUnsafe(TAG_AT + Buffer.byteLength(tenant));
  bytes.copy(signed, 0, 0, TAG_AT);
  signed.write(tenant, TAG_AT);
  return Buffer.from(hmac.of(signed).slice(0, TAG_BYTES), 'latin1');
}

/** SHA-256 over the parts, each behind its length, so that no two lists of parts read alike. */
function digest(parts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.digest();
}
