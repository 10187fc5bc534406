import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the members of one cluster prove to one another that they belong together by. */
export interface SharedSecrets {
  readonly password: string;
  readonly cookie: string;
  readonly secret: string;
  /** For those who command the cluster. */
  readonly control: string;
}

const BYTES = 24;

/** The secrets of the cluster in `folder`, made the first time and kept: its data can not be read without them. */
export async function sharedSecrets(folder: string): Promise<SharedSecrets> {
  const file = join(folder, 'secrets.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as SharedSecrets;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const draw = (): string => randomBytes(BYTES).toString('hex');
  const made = { password: draw(), cookie: draw(), secret: draw(), control: draw() };
  await mkdir(folder, { recursive: true });
  await writeFile(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' });
  return made;
}
