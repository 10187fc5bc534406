import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface TlsEndpoint {
  readonly port: number;
  /** The certificate, which is its own authority. */
  readonly certificate: string;
  /** How many bytes have come through. */
  readonly received: () => number;
}

/** TLS in front of a server at `port` of this machine, with a new certificate for 127.0.0.1, until the test is over. */
export async function tlsBefore(port: number): Promise<TlsEndpoint> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...files],
    {
      stdio: 'ignore',
    },
  );
  let received = 0;
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
    const behind = connect({ port, host: '127.0.0.1' });
    socket.on('data', (data) => {
      received += data.length;
    });
    socket.pipe(behind).pipe(socket);
    for (const end of [socket, behind]) end.on('error', () => [socket, behind].map((one) => one.destroy()));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { port: (server.address() as AddressInfo).port, certificate, received: () => received };
}
