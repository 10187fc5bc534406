import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { lives } from '../process-lives.ts';
import { WAIT } from '../world.ts';

const REAPER = new URL('../../../dist/worker/runners/orphan-reaper.js', import.meta.url).href;

/** A process that watches over two others which look at nothing for a minute, and releases one of them. */
const PARENT = `
import { spawn } from 'node:child_process';
import { OrphanReaper } from ${JSON.stringify(REAPER)};
const reaper = new OrphanReaper();
const block = 'for (const end = Date.now() + 60_000; Date.now() < end; ) {}';
const start = () => spawn(process.execPath, ['-e', block], { detached: true, stdio: 'ignore' }).pid;
const [watched, released] = [start(), start()];
reaper.watch(watched);
reaper.watch(released);
reaper.release(released);
console.log(JSON.stringify({ watched, released }));
setInterval(() => {}, 1000);
`;

test('a runner whose loop is blocked ends with the worker that is killed', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT]);
  const [line]: unknown[] = await once(parent.stdout, 'data');
  const { watched, released } = JSON.parse(String(line)) as { watched: number; released: number };
  try {
    expect([watched, released].map(lives)).toEqual([true, true]);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(lives(watched)).toBe(false), WAIT);
    expect(lives(released)).toBe(true);
  } finally {
    for (const pid of [watched, released].filter(lives)) process.kill(pid, 'SIGKILL');
  }
});
