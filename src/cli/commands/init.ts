import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { command, commandInvalid } from '../command.ts';
import { initFiles, initPackages } from './init-files.ts';
import { ownDependency } from '../own-package.ts';

export const init = command({
  name: 'init',
  what: 'Make a project with a first task. Files that exist are left as they are.',
  args: { dir: { type: 'positional', required: false, description: 'Where. Default: this folder.' } },
  run: async ({ dir = '.' }, terminal) => {
    const folder = resolve(dir);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw commandInvalid('sluice init', `The folder ${folder} can not be made (${messageOf(error)})`);
    });
    const written: string[] = [];
    const kept: string[] = [];
    const packages = initPackages(ownDependency(folder));
    for (const [path, content] of Object.entries(initFiles(packageName(folder), packages))) {
      ((await writeNew(join(folder, path), content)) ? written : kept).push(path);
    }
    if (terminal.json) {
      terminal.data(JSON.stringify({ folder, written, kept }));
      return;
    }
    for (const path of written) terminal.say(`${terminal.paint('green', 'made')} ${path}`);
    for (const path of kept) terminal.say(`${terminal.paint('yellow', 'kept')} ${path}`);
    const place = relative(process.cwd(), folder);
    const started = kept.includes('package.json')
      ? [await installOf(packages, folder), 'npx sluice dev']
      : ['npm install', 'npm run dev'];
    terminal.say(`\nNext: ${[...(place ? [`cd ${quoted(place)}`] : []), ...started].join(' && ')}`);
  },
});

/** @returns false, and writes nothing, when there is such a file */
async function writeNew(path: string, content: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Installs what a package.json that was there before does not name. */
async function installOf(packages: Readonly<Record<string, string>>, folder: string): Promise<string> {
  const text = await readFile(join(folder, 'package.json'), 'utf8');
  const missing = Object.entries(packages)
    .filter(([name]) => !text.includes(`"${name}":`))
    .map(([name, from]) => (from.startsWith('file:') ? from.slice('file:'.length) : `${name}@${from}`));
  return ['npm install', ...missing.map(quoted)].join(' ');
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' || name === 'sluice' ? 'my-tasks' : name;
}
