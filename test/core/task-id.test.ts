import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/core/random.ts';
import { type MintRequest, readTaskId, TaskIds } from '../../src/core/task-id.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

const SECRET = 'a secret that is long enough to sign';
const OTHER_SECRET = 'another secret that is long enough!!';
const clock = fakeClock();
const ids = new TaskIds([SECRET], clock, systemRandom);

const request = fc.record({
  tenant: fc.string({ minLength: 1 }),
  task: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  idempotencyKey: fc.option(fc.string({ minLength: 1, maxLength: 255 }), { nil: undefined }),
  content: fc.array(fc.string(), { maxLength: 3 }),
});

const keyed = (fields: Partial<MintRequest> = {}): MintRequest => ({
  tenant: 'a',
  task: 't',
  idempotencyKey: 'k',
  content: ['{}'],
  ...fields,
});

describe('an id', () => {
  it('reads back as it was minted, and only for its tenant', () => {
    fc.assert(
      fc.property(request, fc.string(), (asked, other) => {
        const id = ids.mint(asked);
        expect(id.text).toMatch(/^tsk_[\w-]{36}$/);
        expect(ids.verify(id.text, asked.tenant)).toEqual(id);
        expect(readTaskId(id.text)).toEqual(id);
        expect(id.time).toBe(clock.now());
        expect(id.keyed).toBe(asked.idempotencyKey !== undefined);
        expect(ids.verify(id.text, `${asked.tenant}${other}x`)).toBeUndefined();
      }),
    );
  });

  it('is refused with any one character changed', () => {
    fc.assert(
      fc.property(request, fc.nat(35), fc.nat(63), (asked, place, choice) => {
        const { text } = ids.mint(asked);
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const at = place + 'tsk_'.length;
        const forged = text.slice(0, at) + (alphabet[choice] ?? '') + text.slice(at + 1);
        fc.pre(forged !== text);
        expect(ids.verify(forged, asked.tenant)).toBeUndefined();
      }),
    );
  });

  it('is refused, never an error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^tsk_[\w-]{36}$/)), (text) => {
        expect(ids.verify(text, 'a')).toBeUndefined();
      }),
    );
  });

  it('sorts by the time it was made', () => {
    const movable = fakeClock(1);
    const made = new TaskIds([SECRET], movable, systemRandom);
    const pks = Array.from({ length: 50 }, () => {
      movable.advance(1);
      return made.mint(keyed({ idempotencyKey: undefined })).pk;
    });
    expect(pks.toSorted()).toEqual(pks);
  });

  it('of one tenant, task and key has one identity, whenever and with whichever secret it is made', () => {
    const later = new TaskIds([OTHER_SECRET], fakeClock(clock.now() + 1e9), seededRandom(2));
    expect(later.mint(keyed()).identity).toBe(ids.mint(keyed()).identity);
    expect(later.mint(keyed()).text).not.toBe(ids.mint(keyed()).text);
  });

  it('differs in identity where tenant, task or key differ, however they are cut', () => {
    fc.assert(
      fc.property(request, request, (a, b) => {
        fc.pre(a.idempotencyKey !== undefined && b.idempotencyKey !== undefined);
        const same = a.tenant === b.tenant && a.task === b.task && a.idempotencyKey === b.idempotencyKey;
        expect(ids.mint(a).identity === ids.mint(b).identity).toBe(same);
      }),
    );
    const cut = (tenant: string, task: string): string => ids.mint(keyed({ tenant, task })).identity;
    expect(cut('ab', 'c')).not.toBe(cut('a', 'bc'));
  });

  it('without a key is new each time', () => {
    const identities = Array.from({ length: 1000 }, () => ids.mint(keyed({ idempotencyKey: undefined })));
    expect(new Set(identities.map(({ identity }) => identity)).size).toBe(1000);
  });

  it('has another fingerprint for another content', () => {
    const first = ids.mint(keyed({ content: ['{"a":1}', 'priority=high'] }));
    expect(ids.mint(keyed({ content: ['{"a":1}', 'priority=high'] })).fingerprint).toBe(first.fingerprint);
    expect(ids.mint(keyed({ content: ['{"a":2}', 'priority=high'] })).fingerprint).not.toBe(
      first.fingerprint,
    );
    expect(ids.mint(keyed({ content: ['{"a":1}'] })).fingerprint).not.toBe(first.fingerprint);
  });

  it('stays valid while its secret verifies, though another one signs', () => {
    const { text } = ids.mint(keyed());
    expect(new TaskIds([OTHER_SECRET, SECRET], clock, systemRandom).verify(text, 'a')?.text).toBe(text);
    expect(new TaskIds([OTHER_SECRET], clock, systemRandom).verify(text, 'a')).toBeUndefined();
  });

  it.each([[[]], [['short']], [[SECRET, 'short']]])('is not made with the secrets %j', (secrets) => {
    expect(() => new TaskIds(secrets, clock, systemRandom)).toThrow(
      expect.objectContaining({ code: 'SLUICE_SECRET_INVALID' }),
    );
  });
});
