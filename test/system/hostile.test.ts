import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Client, type TaskShown } from './client.ts';
import { Server, temporaryFolder } from './server.ts';

const SERVE = fileURLToPath(new URL('./serve.mjs', import.meta.url));
const TASKS = fileURLToPath(new URL('../worker/tasks.mjs', import.meta.url));
const CRASH_LIMIT = 2;
const LIMITS = { maxRunnerBytes: 160 * 2 ** 20, crashLimit: CRASH_LIMIT };

/** Every way in which a handler can do harm, and the code of the error that its task ends with. */
const HOSTILE = {
  'endless-loop': 'SLUICE_TASK_TIMEOUT',
  'exec-sync': 'SLUICE_TASK_TIMEOUT',
  'pbkdf2-sync': 'SLUICE_TASK_TIMEOUT',
  'never-resolving': 'SLUICE_TASK_TIMEOUT',
  'heap-out-of-memory': 'SLUICE_TASK_CRASHED',
  'buffer-out-of-memory': 'SLUICE_TASK_CRASHED',
  'process-exit': 'SLUICE_TASK_CRASHED',
  'process-kill': 'SLUICE_TASK_CRASHED',
  'process-abort': 'SLUICE_TASK_CRASHED',
  'unhandled-rejection': 'SLUICE_TASK_CRASHED',
  'uncaught-exception': 'SLUICE_TASK_CRASHED',
  'throw-undefined': 'SLUICE_HANDLER_FAILED',
  'throw-string': 'SLUICE_HANDLER_FAILED',
  'throw-getters': 'SLUICE_HANDLER_FAILED',
  'throw-proxy': 'SLUICE_HANDLER_FAILED',
  'result-bigint': 'SLUICE_RESULT_INVALID',
  'result-circular': 'SLUICE_RESULT_INVALID',
  'result-function': 'SLUICE_RESULT_INVALID',
  'result-too-large': 'SLUICE_RESULT_TOO_LARGE',
};

test('hostile handlers fail; every other task succeeds, and the server stays up and ready', async () => {
  const data = temporaryFolder();
  const options = { tasks: TASKS, data, runners: 2, limits: LIMITS };
  const server = await Server.start({ data, command: [process.execPath, SERVE, JSON.stringify(options)] });
  const client = new Client(server.url);
  const readiness = new Set<number>();
  const others: string[] = [];
  const hostile: TaskShown[] = [];
  const left = new Set(Object.keys(HOSTILE));
  await Promise.all(
    [...left]
      .map(async (task) => {
        hostile.push(await client.end(await client.accept(task, null)));
        left.delete(task);
      })
      .concat(
        (async () => {
          while (left.size > 0) {
            const id = await client.accept('pause', others.length);
            others.push(id);
            readiness.add(await client.probe('/readyz'));
            if (others.length % 10 === 0) await client.end(id);
          }
        })(),
      ),
  );
  const ended = Object.fromEntries(
    hostile.map(({ task, status, error }) => [task, `${status} ${error?.code}`]),
  );
  expect(ended).toEqual(
    Object.fromEntries(Object.entries(HOSTILE).map(([task, code]) => [task, `failed ${code}`])),
  );
  const ends = await Promise.all(others.map((id) => client.end(id)));
  expect(ends.filter(({ status }) => status !== 'succeeded')).toEqual([]);
  expect(readiness).toEqual(new Set([200]));
  expect(server.alive).toBe(true);
  const most = Math.max(...ends.map(({ crashes }) => crashes));
  process.stdout.write(
    `${hostile.length} hostile tasks failed, ${ends.length} others succeeded, with ${most} crash at most\n`,
  );
  expect(most).toBeLessThan(CRASH_LIMIT);
});
