import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { task } from 'sluice';

// What the servers of these tests run.

/** Anything. */
const input = {};

interface Gated {
  /** The run ends when this file is there. */
  readonly gate: string;
  /** Each run adds a line here. */
  readonly trace: string;
}

async function untilOpen({ gate, trace }: Gated, id: string, attempt: number): Promise<void> {
  appendFileSync(trace, `${id} ${attempt}\n`);
  while (!existsSync(gate)) await sleep(10);
}

export const echo = task('echo', { input, run: (value) => value });

export const brief = task('brief', {
  input,
  run: async (value) => {
    await sleep(2);
    return value;
  },
});

export const gated = task('gated', {
  input,
  retries: 0,
  run: async (given, ctx) => {
    await untilOpen(given as Gated, ctx.id, ctx.attempt);
    return 'let go';
  },
});

/** One at a time of each key. */
export const ordered = task('ordered', {
  input,
  retries: 0,
  concurrency: { limit: 1 },
  run: async (given, ctx) => {
    await untilOpen(given as Gated, ctx.id, ctx.attempt);
    return 'let go';
  },
});

/** Fails until its gate is open. */
export const stubborn = task('stubborn', {
  input,
  retries: 100,
  backoff: { base: '1s', cap: '1s' },
  run: (given, ctx) => {
    const { gate, trace } = given as Gated;
    appendFileSync(trace, `${ctx.id} ${ctx.attempt}\n`);
    if (!existsSync(gate)) throw new Error('the gate is closed');
    return ctx.attempt;
  },
});

export const parent = task('parent', {
  input,
  run: (given, ctx) => {
    const { trace } = given as { trace: string };
    return ['a', 'b'].map((key) => ctx.enqueue('child', { trace, parent: ctx.id, key }, { key }));
  },
});

export const child = task('child', {
  input,
  run: (given) => {
    const { trace, ...told } = given as { trace: string; parent: string; key: string };
    appendFileSync(trace, `${told.parent} ${told.key}\n`);
    return told;
  },
});

/** Takes the whole server down with it, when the file is there that it is given. */
export const killServer = task('kill-server', {
  input,
  run: async (file) => {
    while (!existsSync(file as string)) await sleep(10);
    process.kill(process.ppid, 'SIGKILL');
    await sleep(60_000);
  },
});

const hoarded: Buffer[] = [];

/** Keeps so many bytes of memory for ever. */
export const hoard = task('hoard', {
  input,
  run: (bytes) => hoarded.push(Buffer.alloc(bytes as number, 1)),
});
