import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TRANSITIONS } from '../../src/core/state.ts';
import { blocks, page, ROOT } from './markdown.ts';

const ARCHITECTURE = page('ARCHITECTURE.md');

test('the state diagram is the table of transitions', () => {
  const [diagram = ''] = blocks(ARCHITECTURE, 'mermaid').filter((block) => block.startsWith('stateDiagram'));
  const drawn = [...diagram.matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].flatMap(([, from, to, names = '']) =>
    names.split(', ').map((name) => `${from} ${name} ${to}`),
  );
  const known = Object.entries(TRANSITIONS).flatMap(([name, { from, to }]) =>
    from.flatMap((before) => to.map((after) => `${before} ${name} ${after}`)),
  );
  expect(drawn.toSorted()).toEqual(known.toSorted());
});

test('every file that it names exists', () => {
  const named = [...ARCHITECTURE.matchAll(/`((?:src|test|docs|scripts|examples)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
