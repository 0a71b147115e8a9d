import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Millis } from '../../../core/base/time.ts';

/** Both ends of a connection: no two that live at a time have the same. A socket file's have none. */
function endsOf(socket: Duplex): string | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket as Partial<Socket>;
  return remotePort === undefined ? undefined : `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}

/**
 * When each connection was accepted. Requests over TLS come on another socket than was accepted, one with the same ends,
 * which is there only when the handshake is over.
 */
export class ConnectionAges {
  readonly #bySocket = new WeakMap<Duplex, Millis>();
  readonly #byEnds = new Map<string, Millis>();

  accepted(socket: Socket, at: Millis): void {
    this.#bySocket.set(socket, at);
    const ends = endsOf(socket);
    if (ends === undefined) return;
    this.#byEnds.set(ends, at);
    socket.once('close', () => this.#byEnds.delete(ends));
  }

  of(socket: Duplex): Millis | undefined {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    const at = this.#byEnds.get(endsOf(socket) ?? '');
    if (at !== undefined) this.#bySocket.set(socket, at);
    return at;
  }
}
