import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { timingSafeEqual } from 'node:crypto';
import { messageOf, SluiceError } from '../core/errors.ts';
import type { Cluster } from './cluster.ts';
import { claimControl, releaseControl } from './control-file.ts';
import { identify } from './process-identity.ts';

export interface ControlServerOptions {
  readonly cluster: Cluster;
  /** Of the cluster; says where to find this while it is open. */
  readonly folder: string;
  /** Who knows it may command. */
  readonly token: string;
}

/** Commands to a running cluster: `GET /members`, `POST /members/<name>/kill`, `…/pause`, `…/heal`, `POST /down`. */
export class ControlServer {
  /** Resolves when somebody asks for the end of the cluster. */
  readonly downRequested: Promise<void>;
  #requestDown: () => void = () => undefined;
  readonly #options: ControlServerOptions;
  readonly #server: Server;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.downRequested = new Promise((resolve) => {
      this.#requestDown = resolve;
    });
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
  }

  /** Listens on loopback. @throws SluiceError `SLUICE_CLUSTER_RUNNING` where another process runs a cluster in the folder */
  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    try {
      claimControl(this.#options.folder, { port, ...identify(process.pid) });
    } catch (error) {
      this.#server.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    releaseControl(this.#options.folder);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    if (!this.#mayCommand(request)) return [401, { message: 'this is the control of another cluster' }];
    try {
      await this.#obey(`${request.method} ${request.url}`);
      return [200, this.#options.cluster.members];
    } catch (error) {
      const code = SluiceError.is(error) ? error.code : undefined;
      const data = SluiceError.is(error) ? error.data : undefined;
      return [409, { code, data, message: messageOf(error) }];
    }
  }

  async #obey(command: string): Promise<void> {
    const { cluster } = this.#options;
    const [, member, act] = /^POST \/members\/([^/]+)\/(\w+)$/.exec(command) ?? [];
    const name = member === undefined ? undefined : decodeURIComponent(member);
    if (command === 'GET /members') return;
    if (command === 'POST /down') this.#requestDown();
    else if (name !== undefined && act === 'kill') await cluster.kill(name);
    else if (name !== undefined && act === 'pause') cluster.pause(name);
    else if (name !== undefined && act === 'heal') await cluster.heal(name);
    else throw new Error(`there is no command ${command}`);
  }

  #mayCommand({ headers: { authorization = '' } }: IncomingMessage): boolean {
    const expected = Buffer.from(`Bearer ${this.#options.token}`);
    const given = Buffer.from(authorization);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
