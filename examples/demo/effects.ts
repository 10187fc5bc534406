import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import type { Effect } from './witnessed.ts';

/** What the handlers say they did, read as they write it. */
export class Effects {
  readonly #file: number;
  readonly #began = new Map<string, number>();
  readonly #done = new Set<string>();
  #at = 0;
  #rest = '';
  #lastPid: number | undefined;

  constructor(path: string) {
    writeFileSync(path, '');
    this.#file = openSync(path, 'r');
  }

  /** How many tasks are done at least once. */
  get done(): number {
    return this.#done.size;
  }

  /** How many tasks were begun more than once. */
  get runTwice(): number {
    return [...this.#began.values()].filter((times) => times > 1).length;
  }

  /** The runner that was heard of last. */
  get lastPid(): number | undefined {
    return this.#lastPid;
  }

  isDone(id: string): boolean {
    return this.#done.has(id);
  }

  /** Reads what was written since the last call. */
  refresh(): void {
    const { size } = fstatSync(this.#file);
    if (size === this.#at) return;
    const chunk = Buffer.alloc(size - this.#at);
    this.#at += readSync(this.#file, chunk, 0, chunk.length, this.#at);
    const lines = (this.#rest + chunk.toString()).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(JSON.parse(line) as Effect);
  }

  close(): void {
    closeSync(this.#file);
  }

  #take({ id, what, pid }: Effect): void {
    this.#lastPid = pid;
    if (what === 'done') this.#done.add(id);
    else this.#began.set(id, (this.#began.get(id) ?? 0) + 1);
  }
}
