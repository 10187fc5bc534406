import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, inRepository, run } from './repository.ts';

const FOLDER = inRepository('bench/peers');

/** The peers, installed in a folder of their own. */
export interface PeersPackage {
  /** The Node.js that every process of every contender runs on: the peers need 22, Sluice 20. */
  readonly node: string;
  /** The path of a file of that folder. */
  path(name: string): string;
  /** `name version` of a dependency. */
  version(name: string): string;
}

/** Installs the peers where that has not been done, and checks the types of what uses them. */
export function installPeers(): PeersPackage {
  if (!isInstalled()) run('npm', ['ci', '--prefix', FOLDER, '--no-audit', '--no-fund']);
  compile('bench/peers');
  return {
    node: join(FOLDER, 'node_modules/node/bin/node'),
    path: (name) => join(FOLDER, name),
    version: (name) => `${name} ${installedVersion(name)}`,
  };
}

function isInstalled(): boolean {
  const { dependencies } = readPackage(FOLDER) as { dependencies: Record<string, string> };
  return Object.entries(dependencies).every(([name, version]) => installedVersion(name) === version);
}

function installedVersion(name: string): string | undefined {
  const folder = join(FOLDER, 'node_modules', name);
  return existsSync(folder) ? (readPackage(folder) as { version: string }).version : undefined;
}

function readPackage(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
