import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressName,
  decodeMessage,
  encodeMessage,
  type Message,
  parseAddress,
  PRIORITIES,
} from '../../src/core/message.ts';

const time = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: 'binary' });
const message: fc.Arbitrary<Message> = fc.record(
  {
    id: text,
    run: fc.nat(),
    tenant: text,
    task: text,
    queue: fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
    priority: fc.constantFrom(...PRIORITIES),
    lane: fc.nat(100),
    publishedAt: time,
    dueAt: time,
    deadlineAt: time,
    concurrencyKey: text,
    concurrencyLimit: fc.nat(),
    tags: fc.array(text),
    parentId: text,
    idempotencyKey: text,
    input: fc.oneof(fc.json(), fc.string()),
  },
  {
    requiredKeys: ['id', 'run', 'tenant', 'task', 'queue', 'priority', 'lane', 'publishedAt', 'input'],
  },
);

const sound: Message = {
  id: 'tsk_x',
  run: 1,
  tenant: 'a',
  task: 't',
  queue: 'default',
  priority: 'normal',
  lane: 0,
  publishedAt: 1,
  input: '{}',
};

function head(fields: Record<string, unknown>): string {
  const { input, ...rest } = sound;
  return `${JSON.stringify({ v: 1, ...rest, ...fields })}\n${input}`;
}

describe('a message', () => {
  it('reads back as it was written, the input to the byte', () => {
    fc.assert(
      fc.property(message, (written) => {
        expect(decodeMessage(encodeMessage(written))).toEqual({ ...written, v: 1 });
      }),
    );
  });

  it('keeps the fields of a later release', () => {
    fc.assert(
      fc.property(message, fc.jsonValue({ noUnicodeString: false }), (written, later) => {
        const decoded = decodeMessage(encodeMessage({ ...written, later } as Message));
        const again = decodeMessage(encodeMessage({ ...decoded, run: decoded.run + 1 }));
        expect(again).toEqual(JSON.parse(JSON.stringify({ ...written, later, v: 1, run: written.run + 1 })));
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no head', '{}'],
    ['a head that is no JSON', '{"v":\n{}'],
    ['a head that is no object', 'null\n{}'],
    ['another format', head({ v: 2 })],
    ['no format', head({ v: undefined })],
    ['no id', head({ id: undefined })],
    ['a task that is no text', head({ task: 7 })],
    ['a run that is no number', head({ run: '1' })],
    ['a time that is no number', head({ publishedAt: null })],
    ['an unknown priority', head({ priority: 'urgent' })],
  ])('is refused with a reason: %s', (_what, body) => {
    expect(() => decodeMessage(body)).toThrow(expect.objectContaining({ code: 'SLUICE_MESSAGE_INVALID' }));
  });

  it('is refused with that code, and no other error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expect(() => decodeMessage(body)).toThrow(
          expect.objectContaining({ code: 'SLUICE_MESSAGE_INVALID' }),
        );
      }),
    );
  });
});

describe('an address', () => {
  it('reads back from its name', () => {
    fc.assert(
      fc.property(message, ({ queue, priority, lane }) => {
        expect(parseAddress(addressName({ queue, priority, lane }))).toEqual({ queue, priority, lane });
      }),
    );
  });

  it.each(['', 'default', 'default.normal', 'default.urgent.0', 'default.normal.x', '.normal.0'])(
    'is not made of "%s"',
    (name) => {
      expect(() => parseAddress(name)).toThrow('is no address');
    },
  );
});
