import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Hands TCP connections on to a port of loopback and counts what goes through, either way. */
export class CountingRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes from whoever connects, and to them. */
  readonly counted = { up: 0, down: 0 };

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.#pass(near, far, 'up');
      this.#pass(far, near, 'down');
    });
  }

  static async to(port: number): Promise<CountingRelay> {
    const relay = new CountingRelay(port);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(from: Socket, to: Socket, way: 'up' | 'down'): void {
    from.setNoDelay(true);
    this.#sockets.add(from);
    from.on('data', (piece) => {
      this.counted[way] += piece.length;
    });
    from.on('error', () => to.destroy());
    from.on('close', () => this.#sockets.delete(from));
    from.pipe(to);
  }
}
