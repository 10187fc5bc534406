import { expect, test } from 'vitest';
import { openConnection, type SqlValue } from '../../src/sqlite/binding.ts';

test.each([
  ['undefined', undefined],
  ['an object', {}],
  ['a boolean', true],
  ['a bigint', 1n],
  ['a buffer', Buffer.from('a')],
  ['a date', new Date(0)],
  ['a symbol', Symbol('a')],
  ['a text that it would cut off', 'a\u0000b'],
])('a value that the library would end the process on, or spoil, is refused: %s', (_, value) => {
  const connection = openConnection(':memory:', 0);
  connection.exec('CREATE TABLE thing (value)');
  const insert = connection.prepare('INSERT INTO thing (value) VALUES (?)');
  const select = connection.prepare('SELECT value FROM thing WHERE value = ?');
  const bad = value as SqlValue;
  expect(() => insert.run(bad)).toThrow(/can not bind/);
  expect(() => select.get(bad)).toThrow(/can not bind/);
  expect(() => select.all(bad)).toThrow(/can not bind/);
  expect(connection.prepare('SELECT count(*) FROM thing').get()).toEqual([0]);
  connection.close();
});

test('texts, numbers and nothing come back as they went in', () => {
  const connection = openConnection(':memory:', 0);
  connection.exec('CREATE TABLE thing (place INTEGER PRIMARY KEY, value)');
  const values = ['', '\u{1F6B0} ünï', 0, -1, 2 ** 52 + 1, 1.5, null];
  const insert = connection.prepare('INSERT INTO thing (place, value) VALUES (?, ?)');
  for (const [place, value] of values.entries()) {
    expect(insert.run(place + 1, value)).toBe(1);
    expect(connection.lastInsertRowid()).toBe(place + 1);
  }
  expect(connection.prepare('SELECT value FROM thing ORDER BY place').all().flat()).toEqual(values);
  expect(connection.prepare('SELECT value FROM thing WHERE place = ?').get(99)).toBeUndefined();
  connection.close();
});
