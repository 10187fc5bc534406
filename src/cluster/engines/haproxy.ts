import { mkdir, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { locate } from '../binary.ts';
import type { Member } from '../member.ts';

export interface HaproxyOptions {
  readonly name: string;
  readonly folder: string;
  /** Where the configuration has it listen on loopback. */
  readonly port: number;
  readonly configuration: string;
}

/** Longer than it takes to have tried every gateway in vain. */
const PROBE_MS = 5000;

/** HAProxy in the foreground. Asked to end, it does so at once: the gateways behind it end, too. */
export function haproxy({ name, folder, port, configuration }: HaproxyOptions): Member {
  const file = join(folder, 'haproxy.cfg');
  return {
    name,
    port,
    stopSignal: 'SIGTERM',
    async prepare() {
      await mkdir(folder, { recursive: true });
      await writeFile(file, configuration);
    },
    launch: () => ({
      command: locate({ name: 'haproxy', debianPackage: 'haproxy' }),
      args: ['-db', '-f', file],
    }),
    probe: () => anyAnswer(port),
  };
}

/** Whatever the answer says, it comes from a proxy that works; where no gateway is up, it says so itself. */
function anyAnswer(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/livez', agent: false, timeout: PROBE_MS });
    request.once('response', (response) => {
      response.resume();
      resolve();
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${PROBE_MS} ms`)));
    request.once('error', reject);
  });
}
