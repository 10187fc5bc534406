import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { blocks, page, ROOT } from './markdown.ts';

const GUIDES = ['docs/guide', 'docs/reference', 'docs/drivers'].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
);

test('every TypeScript snippet of the guides compiles', async () => {
  mkdirSync(join(ROOT, 'examples/dist'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'examples/dist/snippets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const snippets = GUIDES.flatMap((path) => blocks(page(path), 'ts').map((code, at) => ({ path, code, at })));
  expect(snippets.length).toBeGreaterThan(5);
  for (const { path, code, at } of snippets) {
    writeFileSync(join(folder, `${path.replaceAll('/', '-')}-${at}.ts`), `${code}\nexport {};\n`);
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    '{ "extends": "../../../tsconfig.json", "include": ["."], "exclude": [] }',
  );
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const complaints = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  expect(complaints).toBe('');
}, 120_000);

test('every link between pages leads somewhere', () => {
  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'examples/README.md',
    ...GUIDES,
  ];
  for (const path of pages) {
    for (const [, target = ''] of page(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      expect(() => readdirOrFile(join(path, '..', target)), `${path} -> ${target}`).not.toThrow();
    }
  }
});

function readdirOrFile(path: string): void {
  try {
    page(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
}
