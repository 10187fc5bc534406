import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** What arrives in the place of what the server sent. */
export type Alter = (sent: Buffer) => Buffer;

/** A line to a port of this machine, through a port of its own, that can be cut as the death of either end cuts it. */
export class CutLine {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #cut = false;
  /** How many connections were asked for while it was cut. */
  refused = 0;

  private constructor(target: number, alter: Alter) {
    this.#server = createServer((socket) => {
      if (this.#cut) {
        this.refused += 1;
        socket.destroy();
        return;
      }
      const other = connect({ port: target, host: '127.0.0.1', noDelay: true });
      socket.setNoDelay(true);
      this.#join(socket, other);
      this.#join(other, socket, alter);
    });
  }

  static async to(target: number, alter: Alter = (sent) => sent): Promise<CutLine> {
    const line = new CutLine(target, alter);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends what is connected, with everything that is on its way, and lets nothing through until `mend`. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#ends) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(from: Socket, to: Socket, alter: Alter = (sent) => sent): void {
    this.#ends.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#ends.delete(from);
      to.destroy();
    });
    from.on('data', (data) => to.write(alter(data)));
  }
}
