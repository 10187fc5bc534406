import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-code.ts';
import { buildManifest } from '../../src/manifest/build-manifest.ts';
import { openApiOf } from '../../src/gateway/http/info/openapi.ts';
import { task } from '../../src/core/task.ts';
import { sluice } from '../cli/cli.ts';
import { page, rows } from './markdown.ts';

const CLI = page('docs/reference/cli.md');
const API = page('docs/reference/http-api.md');

test('the exit codes are those of the command line', () => {
  const codes = rows(CLI).flatMap(([code = '', name = '']) =>
    /^\d+$/.test(code) ? [[name.replaceAll('`', ''), Number(code)]] : [],
  );
  expect(Object.fromEntries(codes)).toEqual(EXIT);
});

test('the commands are those of the command line, with what they say of themselves', async () => {
  const commands = rows(CLI).flatMap(([usage = '', what = '']) => {
    const words = /^`sluice ([a-z ]+?)(?: [[<].*)?`$/.exec(usage)?.[1];
    return words === undefined ? [] : [{ words: words.split(' '), what }];
  });
  expect(commands.length).toBeGreaterThan(9);
  for (const { words, what } of commands) {
    expect((await sluice([...words, '--help'])).stdout).toContain(what);
  }
  const { stdout } = await sluice(['--help']);
  const known = [...stdout.matchAll(/^ +([a-z]+) {4}/gm)].map(([, name]) => name);
  expect(new Set(commands.map(({ words }) => words[0]))).toEqual(new Set(known));
});

test('the calls and their parameters are those of the OpenAPI document', () => {
  const manifest = buildManifest([task('hello', { input: {}, run: () => 1 })]);
  const { paths } = openApiOf(manifest, '', false) as { paths: Record<string, Record<string, Operation>> };
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { parameters = [] }] of Object.entries(operations)) {
      expect(API).toContain(`${method.toUpperCase()} ${path.replace('hello', '{name}')}`);
      for (const { name } of parameters) expect(API.toLowerCase()).toContain(name.toLowerCase());
    }
  }
});

test('the options of the balancer are those of the command', async () => {
  const documented = rows(page('docs/guide/load-balancer.md')).flatMap(
    ([option = '']) => /^`(--[a-z-]+)/.exec(option)?.[1] ?? [],
  );
  const { stdout } = await sluice(['balancer', '--help']);
  const known = [...stdout.matchAll(/^ +(--[a-z-]+)=/gm)].map(([, name]) => name);
  expect(known.length).toBeGreaterThan(4);
  expect(new Set(documented)).toEqual(new Set(known));
});

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
}
