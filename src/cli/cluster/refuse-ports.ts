import { createServer } from 'node:net';
import { SluiceError } from '../../core/errors.ts';

const HOST = '127.0.0.1';
const OPTION = '--port';
const LAST_PORT = 65_535;

/**
 * Refuses ports of this machine that can not be listened on.
 * @param ports one after the other from the one that `--port` gives
 * @throws SluiceError `SLUICE_OPTION_INVALID` for those that there are not, `SLUICE_PORT_IN_USE`
 */
export async function refusePorts(ports: readonly number[]): Promise<void> {
  const [first = 0] = ports;
  const most = LAST_PORT + 1 - ports.length;
  if (first < 1 || first > most) {
    const expected = `a port from 1 to ${most}: the members take ${ports.length} from it on`;
    throw new SluiceError('SLUICE_OPTION_INVALID', { option: OPTION, value: first, expected });
  }
  for (const port of ports) await refuseTaken(port);
}

function refuseTaken(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const data = { host: HOST, port, option: OPTION };
      reject(taken ? new SluiceError('SLUICE_PORT_IN_USE', data, { cause }) : cause);
    });
    server.listen(port, HOST, () => server.close(() => resolve()));
  });
}
