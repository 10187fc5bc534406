import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';

/** A port that speaks TLS, as `queue.test` with a certificate of its own making, in front of one that does not. */
export class TlsLine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  readonly #server: Server;

  private constructor(target: number) {
    const keyFile = join(this.#folder, 'key.pem');
    const make = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=queue.test`;
    execFileSync(
      'openssl',
      [
        ...make.split(' '),
        '-addext',
        'subjectAltName=DNS:queue.test',
        '-keyout',
        keyFile,
        '-out',
        this.certificateFile,
      ],
      { stdio: 'ignore' },
    );
    const options = { key: readFileSync(keyFile), cert: readFileSync(this.certificateFile) };
    this.#server = createServer(options, (socket) => {
      const other = connect({ port: target, host: '127.0.0.1' });
      socket.pipe(other).pipe(socket);
      socket.on('error', () => other.destroy());
      other.on('error', () => socket.destroy());
    });
  }

  static async to(target: number): Promise<TlsLine> {
    const line = new TlsLine(target);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get certificateFile(): string {
    return join(this.#folder, 'certificate.pem');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
