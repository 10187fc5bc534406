import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { command, commandInvalid } from '../command.ts';
import { initFiles } from './init-files.ts';
import { packageVersion } from '../package-version.ts';

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
    for (const [path, content] of Object.entries(initFiles(packageName(folder), packageVersion()))) {
      ((await writeNew(join(folder, path), content)) ? written : kept).push(path);
    }
    if (terminal.json) {
      terminal.data(JSON.stringify({ folder, written, kept }));
      return;
    }
    for (const path of written) terminal.say(`${terminal.paint('green', 'made')} ${path}`);
    for (const path of kept) terminal.say(`${terminal.paint('yellow', 'kept')} ${path}`);
    const steps = [
      relative(process.cwd(), folder) && `cd ${relative(process.cwd(), folder)}`,
      'npm install',
      'npm run dev',
    ];
    terminal.say(`\nNext: ${steps.filter(Boolean).join(' && ')}`);
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

function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' || name === 'sluice' ? 'my-tasks' : name;
}
