/** A system call in the order of the trace: the lines at which it began and ended, and what it printed. */
interface Call {
  readonly name: string;
  readonly text: string;
  readonly begun: number;
  ended: number;
  outcome: string;
}

const BEGUN = /^(\d+) +(\w+)\((.*)$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/;
const UNFINISHED = /<unfinished \.\.\.>$/;

/**
 * The ids, of those given, for which the trace of a server shows no successful sync of the write-ahead log between the
 * write of their message to it and the write of their 202 to a socket.
 */
export function undurable(lines: readonly string[], ids: readonly string[]): string[] {
  const calls = callsOf(lines);
  const syncs = calls.filter(
    ({ name, text, outcome }) => /^f(data)?sync$/.test(name) && text.includes('-wal') && outcome === '0',
  );
  return ids.filter((id) => {
    const naming = calls.filter(({ text }) => text.includes(id));
    const written = naming.find(({ name, text }) => name.startsWith('pwrite') && text.includes('-wal'));
    const answered = naming.find(({ text }) => text.includes('HTTP/1.1 202'));
    if (!written || !answered) return true;
    return !syncs.some(({ begun, ended }) => begun > written.ended && ended < answered.begun);
  });
}

/** The trace as it would be of a server that does not sync. */
export function withoutSyncs(lines: readonly string[]): string[] {
  return lines.filter((line) => !/\bf(data)?sync\b/.test(line));
}

/** The trace as it would be of a server that answers first and syncs afterwards. */
export function withLateSyncs(lines: readonly string[]): string[] {
  const isSync = (line: string): boolean => /\bf(data)?sync\b/.test(line);
  return [...lines.filter((line) => !isSync(line)), ...lines.filter(isSync)];
}

function callsOf(lines: readonly string[]): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  for (const [at, line] of lines.entries()) {
    const resumed = RESUMED.exec(line);
    const begun = BEGUN.exec(line);
    if (resumed) {
      const call = open.get(resumed[1] ?? '');
      if (call) Object.assign(call, { ended: at, outcome: outcomeOf(line) });
    } else if (begun) {
      const [, pid = '', name = '', text = ''] = begun;
      const call = { name, text, begun: at, ended: Number.POSITIVE_INFINITY, outcome: '' };
      calls.push(call);
      if (UNFINISHED.test(line)) open.set(pid, call);
      else Object.assign(call, { ended: at, outcome: outcomeOf(line) });
    }
  }
  return calls;
}

function outcomeOf(line: string): string {
  return /\) += (-?\d+)/.exec(line.slice(line.lastIndexOf(')')))?.[1] ?? '';
}
