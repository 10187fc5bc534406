import { readFileSync } from 'node:fs';
import { createSluice } from '../src/sluice.ts';
import { openEngines, SECRET } from './engines.ts';
import type { Figures } from './main.ts';
import { seedWaiting } from './seed.ts';
import { round } from './statistics.ts';
import { withFolder } from './temporary-folder.ts';
import { spent, type ThreadTimes, threadTimes } from './thread-times.ts';

const TASKS = 10_000;
const POLL_MS = 20;

/** Runs 10,000 queued tasks that do nothing, from the start of the server to the last one's end. */
export function benchDrain(): Promise<Figures> {
  return withFolder(async (folder) => {
    await fill(folder);
    const startedAt = performance.now();
    const sluice = await createSluice({
      tasks: new URL('./tasks/noop.js', import.meta.url),
      data: folder,
      secrets: [SECRET],
    });
    const readyAt = performance.now();
    const before = threadTimes(process.pid);
    const metrics = await sluice.listenMetrics({ host: '127.0.0.1', port: 0 });
    const runners = new Map(childrenOf(process.pid).map((pid) => [pid, threadTimes(pid)]));
    await settled(`${metrics.url}/metrics`);
    const seconds = (performance.now() - readyAt) / 1000;
    const parentUs = spent(process.pid, before, threadTimes(process.pid)).all;
    const runnersUs = sum([...runners].map(([pid, times]) => cpuSince(pid, times)));
    await sluice.close();
    return {
      tasksPerSecond: round(TASKS / seconds),
      startMs: round(readyAt - startedAt),
      parentCpuUs: round(parentUs / TASKS),
      runnersCpuUs: round(runnersUs / TASKS),
    };
  });
}

async function fill(folder: string): Promise<void> {
  const engines = await openEngines(folder);
  await seedWaiting(engines, TASKS);
  await engines.close();
}

/** Resolves when every task has succeeded; rejects when one has not. */
async function settled(url: string): Promise<void> {
  for (;;) {
    const text = await (await fetch(url)).text();
    const counts = [...text.matchAll(/^sluice_settled_total\{.*outcome="(\w+)".*\} (\d+)$/gm)];
    const failed = counts.find(([, outcome]) => outcome !== 'succeeded');
    if (failed) throw new Error(`a task did not succeed: ${failed[0]}`);
    if (Number(counts[0]?.[2] ?? 0) >= TASKS) return;
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function cpuSince(pid: number, before: ThreadTimes): number {
  return spent(pid, before, threadTimes(pid)).all;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
