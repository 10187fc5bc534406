// Checks the layers of the sources under the folder given (default: here). Exit code 1 where a rule is broken.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { RULES } from './layer-rules.mjs';

const root = resolve(process.argv[2] ?? '.');
const files = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));

const { output } = await cruise(['src'], {
  baseDir: root,
  parser: 'swc',
  validate: true,
  ruleSet: { forbidden: RULES.map((rule) => ({ ...rule, severity: 'error' })) },
  tsPreCompilationDeps: true,
  doNotFollow: { path: 'node_modules' },
  enhancedResolveOptions: {
    exportsFields: ['exports'],
    conditionNames: ['import', 'types', 'node', 'default'],
  },
});

const { modules, summary } = output;
for (const { rule, from, to, via, cycle } of summary.violations) {
  const { comment } = RULES.find(({ name }) => name === rule.name) ?? {};
  const path = (via ?? cycle)?.map(({ name }) => name) ?? [to];
  console.error(`${rule.name}: ${comment}\n  ${[from, ...path].join('\n  -> ')}\n`);
}

// A parser that can not read a module finds no import in it, and so nothing wrong with it.
const read = new Set(
  modules.filter(({ dependencies }) => dependencies.length > 0).map(({ source }) => source),
);
const imports = (file) =>
  /^(import|export)[^;]* from '\.{1,2}\//m.test(readFileSync(join(root, file), 'utf8'));
const unread = files
  .map((name) => `src/${name.replaceAll(sep, '/')}`)
  .filter((file) => !read.has(file) && imports(file));
if (unread.length > 0)
  console.error(`${unread.length} of ${files.length} modules were not read: ${unread[0]}, ...\n`);
const broken = summary.violations.length > 0 || unread.length > 0;
console.error(
  broken ? 'The layers are broken.' : `${files.length} modules, ${RULES.length} rules: the layers hold.`,
);
process.exitCode = broken ? 1 : 0;
