import { describe, expect, it } from 'vitest';
import { type ErrorCode, ERRORS, messageOf, SluiceError } from '../../src/core/errors.ts';

const table = Object.entries(ERRORS);

describe('the table of errors', () => {
  it.each(table)('%s has a name, a status and a message of the right form', (code, [status, , message]) => {
    expect(code).toMatch(/^SLUICE(_[A-Z]+)+$/);
    expect(status >= 400 && status < 600).toBe(true);
    expect(message).toMatch(/^(--|\{|[A-Z])/);
  });

  it('has a retry only where the same call can succeed later', () => {
    const wrong = table.filter(([, [status, retryable]]) =>
      status < 500 ? retryable !== (status === 408) : status === 503 && !retryable,
    );
    expect(wrong).toEqual([]);
  });
});

describe('SluiceError', () => {
  it('fills the message from its data, and leaves what it has no data for', () => {
    const error = new SluiceError('SLUICE_OPTION_INVALID', { option: 'delay', value: '{expected}' });
    expect(error.message).toBe('delay is {expected}; it has to be {expected}.');
    expect(error).toMatchObject({ name: 'SluiceError', status: 400, retryable: false });
  });

  it('keeps its cause', () => {
    const cause = new Error('underneath');
    expect(new SluiceError('SLUICE_INTERNAL', {}, { cause }).cause).toBe(cause);
  });

  it('is known by its brand, across copies of the package', () => {
    const foreign = { [Symbol.for('sluice.error')]: true, code: 'SLUICE_QUEUE_FULL' };
    expect(SluiceError.is(foreign)).toBe(true);
    expect(SluiceError.is(foreign, 'SLUICE_QUEUE_FULL')).toBe(true);
    expect(SluiceError.is(foreign, 'SLUICE_INTERNAL')).toBe(false);
    for (const other of [
      undefined,
      null,
      'SLUICE_QUEUE_FULL',
      new Error('no'),
      { code: 'SLUICE_QUEUE_FULL' },
    ]) {
      expect(SluiceError.is(other, 'SLUICE_QUEUE_FULL' satisfies ErrorCode)).toBe(false);
    }
  });
});

describe('messageOf', () => {
  const loop: Record<string, unknown> = {};
  loop['loop'] = loop;

  it.each([
    [new Error('broken'), 'broken'],
    [new TypeError(), 'TypeError'],
    ['text', 'text'],
    [{ a: 1 }, '{"a":1}'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [loop, '[object Object]'],
    [1n, '[object BigInt]'],
  ])('shows whatever was thrown', (thrown, text) => {
    expect(messageOf(thrown)).toBe(text);
  });
});
