import { describe, expect, test } from 'vitest';
import { task } from '../../src/core/task.ts';
import { collectDefinitions } from '../../src/runner/collect-definitions.ts';

const define = (name: string): ReturnType<typeof task> => task(name, { input: {}, run: () => 1 });

describe('the definitions of a module', () => {
  test('are found among its exports, and in the arrays, objects and namespaces of them', () => {
    const namespace: object = Object.assign(Object.create(null), { d: define('d') });
    const exports = {
      default: define('a'),
      list: [define('b')],
      table: { c: define('c') },
      files: { namespace },
    };
    const found = collectDefinitions(
      { ...exports, other: 1, text: 'x', run: () => 1, nothing: null },
      '/tasks',
    );
    expect([...found.keys()].toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('may be exported under several names', () => {
    const one = define('a');
    expect([...collectDefinitions({ default: one, one, again: [one] }, '/tasks').keys()]).toEqual(['a']);
  });

  test('may not share a name', () => {
    const exports = { 'one.ts': { first: define('a') }, 'two.ts': { second: define('a') } };
    expect(() => collectDefinitions(exports, '/tasks')).toThrow(
      expect.objectContaining({
        code: 'SLUICE_DEFINITION_DUPLICATE',
        data: { task: 'a', first: 'one.ts: first', second: 'two.ts: second' },
      }),
    );
  });

  test('have to be there', () => {
    expect(() => collectDefinitions({ helper: () => 1 }, '/tasks')).toThrow(
      expect.objectContaining({ code: 'SLUICE_TASKS_MISSING', data: { path: '/tasks' } }),
    );
  });
});
