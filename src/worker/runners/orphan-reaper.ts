import { type ChildProcess, spawn } from 'node:child_process';

// Ends with its standard input, which the kernel closes when the worker dies, however it dies.
const SCRIPT = `groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -9 "-$group"; done`;

/**
 * Kills the runners that a killed worker leaves behind. A runner sees the end of its worker by itself, but not while a
 * handler blocks its loop; a thread in each to watch would cost 10 MB, this shell costs one for all of them.
 */
export class OrphanReaper {
  readonly #groups = new Set<number>();
  #shell: ChildProcess | undefined;
  #closed = false;

  /** @param group process group of a runner */
  watch(group: number): void {
    this.#groups.add(group);
    if (this.#shell) this.#tell('+', group);
    else this.#start();
  }

  release(group: number): void {
    this.#groups.delete(group);
    this.#tell('-', group);
  }

  close(): void {
    this.#closed = true;
    this.#shell?.stdin?.end();
  }

  #start(): void {
    const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#shell = shell;
    const gone = (): void => {
      if (this.#shell === shell) this.#shell = undefined;
      // The next runner that starts brings it back; where there is no shell at all, orphans end when their loop turns.
    };
    shell.once('error', gone);
    shell.once('exit', gone);
    shell.stdin?.on('error', gone);
    shell.unref();
    for (const group of this.#groups) this.#tell('+', group);
    if (this.#closed) shell.stdin?.end();
  }

  #tell(sign: '+' | '-', group: number): void {
    this.#shell?.stdin?.write(`${sign} ${group}\n`);
  }
}
