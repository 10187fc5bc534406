import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { silentLogger } from '../../src/core/logger.ts';
import { SqliteStore } from '../../src/sqlite/sqlite-store.ts';

/** A data folder of its own, with a store in it that can be closed or die, and be opened again. */
export class StoreFolder {
  readonly #modules: readonly URL[];
  readonly #folders: string[] = [];
  readonly #stores: SqliteStore[] = [];

  private constructor(modules: readonly URL[]) {
    this.#modules = modules;
  }

  static async make(modules: readonly URL[]): Promise<StoreFolder> {
    const folder = new StoreFolder(modules);
    await folder.#open(await folder.#newFolder());
    return folder;
  }

  get store(): SqliteStore {
    const store = this.#stores.at(-1);
    if (!store) throw new Error('no store is open');
    return store;
  }

  get path(): string {
    return this.#folders.at(-1) ?? '';
  }

  /** A crash is what the disk holds at this moment, opened by someone else. */
  async reopen(how: 'close' | 'crash'): Promise<SqliteStore> {
    const last = this.path;
    if (how === 'close') {
      await this.store.close();
      return this.#open(last);
    }
    const copy = await this.#newFolder();
    await cp(last, copy, { recursive: true, filter: (path) => !isTransient(basename(path)) });
    return this.#open(copy);
  }

  async remove(): Promise<void> {
    for (const store of this.#stores) await store.close();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-store-'));
    this.#folders.push(folder);
    return folder;
  }

  async #open(folder: string): Promise<SqliteStore> {
    const store = await SqliteStore.open({ folder, modules: this.#modules, logger: silentLogger });
    this.#stores.push(store);
    return store;
  }
}

function isTransient(file: string): boolean {
  return file.endsWith('-shm') || file.startsWith('lock.');
}
