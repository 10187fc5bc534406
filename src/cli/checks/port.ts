import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Finding, fail, look, ok } from './check.ts';

/** What a port is for, and how a Sluice server that has it already is known. */
export interface Purpose {
  readonly flag: string;
  readonly path: string;
  readonly answer: RegExp;
}

export const API: Purpose = { flag: '--port', path: '/livez', answer: /"live":/ };
export const METRICS: Purpose = { flag: '--metrics-port', path: '/metrics', answer: /^sluice_/m };

const ANSWER_MS = 2000;

/** Whether the port is free, or a Sluice server has it already. */
export async function checkPort(host: string, port: number, purpose: Purpose): Promise<Finding> {
  const subject = `port ${port}`;
  const other = `stop what uses it, or choose another: ${purpose.flag} NUMBER`;
  return look(subject, 'choose another address: --host ADDRESS', async () => {
    if (await isFree(host, port)) return ok(subject, `free on ${host}`);
    return (await isSluice(host, port, purpose))
      ? ok(subject, 'a Sluice server answers there')
      : fail(subject, 'something else listens there', other);
  });
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  } finally {
    server.close();
  }
}

async function isSluice(host: string, port: number, { path, answer }: Purpose): Promise<boolean> {
  const name = host.includes(':') ? `[${host}]` : host;
  try {
    const reply = await fetch(`http://${name}:${port}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return reply.ok && answer.test(await reply.text());
  } catch {
    return false;
  }
}
