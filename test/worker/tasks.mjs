// What a worker's tests run, in real runners.
import { execSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NonRetriable, RetryAfter, task } from 'sluice';

/** Takes anything. */
const input = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value }),
    jsonSchema: { input: () => ({}), output: () => ({}) },
  },
};

/** Takes numbers. */
const number = {
  '~standard': {
    ...input['~standard'],
    validate: (value) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'no number', path: ['n'] }] },
  },
};

const define = (name, run, options = {}) => task(name, { input, retries: 0, run, ...options });

const brief = { timeout: '300ms' };

/** Waits for its abort, and tells why it came. */
async function obey({ trace }, ctx) {
  if (trace) appendFileSync(trace, `start ${ctx.id}\n`);
  await new Promise((_, reject) => {
    ctx.signal.addEventListener('abort', () => {
      if (trace) appendFileSync(trace, `${ctx.signal.reason.reason} ${ctx.id}\n`);
      reject(ctx.signal.reason);
    });
  });
}

export const tasks = [
  define('echo', (value) => value),
  define('pause', async () => {
    await sleep(30);
    return 'rested';
  }),
  define('until', async ({ gate, trace }, ctx) => {
    if (trace) appendFileSync(trace, `${process.pid} ${ctx.id}\n`);
    while (!existsSync(gate)) await sleep(10);
    return 'let go';
  }),
  define('obedient', obey),
  define('obedient-brief', obey, brief),
  define('deaf', async ({ trace }) => {
    appendFileSync(trace, `${process.pid}\n`);
    await sleep(3_600_000);
  }),

  define(
    'until-in-time',
    async ({ gate }) => {
      while (!existsSync(gate)) await sleep(10);
    },
    { timeout: '3s' },
  ),
  define('long-endless-loop', () => {
    for (;;);
  }),
  define(
    'endless-loop',
    () => {
      for (;;);
    },
    brief,
  ),
  define('exec-sync', (value) => execSync(`echo $$ > ${value?.file ?? '/dev/null'}; exec sleep 1000`), brief),
  define('pbkdf2-sync', () => pbkdf2Sync('a', 'b', 2_000_000_000, 64, 'sha512'), brief),
  define('never-resolving', () => new Promise(() => {}), brief),
  define('heap-out-of-memory', () => {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, () => ({ some: Math.random() })));
  }),
  define('buffer-out-of-memory', async () => {
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(8 * 1024 * 1024, 1));
      await sleep(1);
    }
  }),
  define('process-exit', () => process.exit()),
  define('process-kill', () => process.kill(process.pid, 9)),
  define('process-abort', () => process.abort()),
  define('channel-cut', () => process.disconnect()),
  define('channel-forged', async () => {
    process._send([{ kind: 'ended', runs: [null] }]);
    await sleep(3_600_000);
  }),
  define('unhandled-rejection', async () => {
    void Promise.reject(new Error('nobody listens'));
    await sleep(3_600_000);
  }),
  define('uncaught-exception', async () => {
    setTimeout(() => {
      throw new Error('nobody catches');
    });
    await sleep(3_600_000);
  }),

  define('throw-undefined', () => {
    throw undefined;
  }),
  define('throw-string', () => {
    throw 'plain words';
  }),
  define('throw-null-prototype', () => {
    throw Object.assign(Object.create(null), { odd: 1 });
  }),
  define('throw-getters', () => {
    const fail = () => {
      throw new Error('no');
    };
    throw Object.defineProperties(
      {},
      {
        message: { get: fail },
        code: { get: fail },
        name: { get: fail },
        toJSON: { get: fail },
        [Symbol.toStringTag]: { get: fail },
      },
    );
  }),
  define('throw-proxy', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    throw proxy;
  }),
  define('throw-code', () => {
    throw Object.assign(new Error('no money'), { code: 'PAYMENT_REQUIRED' });
  }),
  define('throw-cause', () => {
    const refused = new Error('connect ECONNREFUSED 127.0.0.1:9');
    throw new Error('fetch failed', { cause: new AggregateError([refused], '', { cause: refused }) });
  }),
  define('throw-error', () => {
    throw new Error('boom');
  }),
  define(
    'throw-twice',
    (_, ctx) => {
      if (ctx.attempt < 3) throw new TypeError(`attempt ${ctx.attempt}`);
      return ctx.attempt;
    },
    { retries: 2 },
  ),
  define(
    'non-retriable',
    () => {
      throw new NonRetriable('it is of no use');
    },
    { retries: 5 },
  ),
  define(
    'retry-after',
    () => {
      throw new RetryAfter('2m');
    },
    { retries: 1 },
  ),

  define('result-bigint', () => 10n),
  define('result-circular', () => {
    const one = {};
    one.one = one;
    return one;
  }),
  define('result-function', () => () => 1),
  define('result-too-large', () => 'x'.repeat(2 * 1024 * 1024)),
  define('result-unfit', () => 'text', { output: number, retries: 5 }),
  define('result-plain', () => ({ n: 'text' }), {
    output: { type: 'object', properties: { n: { type: 'number' } } },
  }),
  define('result-nothing', () => undefined),
  task('input-unfit', { input: number, retries: 5, run: () => 'never' }),

  define('chatty', async (_, ctx) => {
    ctx.log.info('hello', { n: 1 });
    ctx.log.warn('odd', { big: 1n });
    for (let step = 1; step <= 10; step += 1) {
      ctx.progress(step / 10, { step });
      await sleep(20);
    }
    return { id: ctx.id, tenant: ctx.tenant, attempt: ctx.attempt, key: ctx.idempotencyKey };
  }),
  define('parent', (_, { enqueue }) => [
    enqueue('echo', { child: 1 }),
    enqueue({ name: 'limited' }, { child: 2 }, { key: 'second', delay: '1h' }),
  ]),
  define('limited', () => 1, { concurrency: { limit: 2 }, priority: 'low' }),
  define('parent-of-unknown', (_, ctx) => ctx.enqueue('nobody', {})),
];
