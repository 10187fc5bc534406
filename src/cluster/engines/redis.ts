import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { locate } from '../binary.ts';
import type { Member } from '../member.ts';

export interface RedisOptions {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
}

/** A Redis that keeps nothing on the disk: it holds copies only. */
export function redis({ name, folder, port }: RedisOptions): Member {
  return {
    name,
    port,
    stopSignal: 'SIGTERM',
    async prepare() {
      await mkdir(folder, { recursive: true });
    },
    launch: () => ({
      command: locate({ name: 'redis-server', debianPackage: 'redis-server' }),
      args: [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--save',
        '',
        '--appendonly',
        'no',
      ],
    }),
    probe: () => ping(port),
  };
}

function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      if (answer.toString().startsWith('+PONG')) resolve();
      else reject(new Error(answer.toString().trim()));
    });
  });
}
