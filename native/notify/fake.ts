import { ok, type Result } from '../../core/base/result.ts';
import { ERRNO, refusal } from './failure.ts';
import type { DatagramCode, DatagramPort } from './port.ts';

/** The longest path of an AF_UNIX address, and a bit less than Linux' default send buffer. */
const LONGEST_PATH = 107;
const LARGEST = 212_000;

/** A socket of the fake kernel: what it was sent and nobody has read. */
export interface FakeReceiver {
  readonly queue: Uint8Array[];
  close(): void;
}

/** AF_UNIX datagram sockets in memory. */
export class FakeDatagrams {
  readonly #receivers = new Map<
    string,
    { readonly queue: Uint8Array[]; readonly room: number; readonly isDenied: boolean }
  >();

  /** @param room datagrams that may wait unread */
  listen(path: string, { room = 512, isDenied = false } = {}): FakeReceiver {
    const queue: Uint8Array[] = [];
    this.#receivers.set(path, { queue, room, isDenied });
    return { queue, close: () => void this.#receivers.delete(path) };
  }

  open(): DatagramPort {
    let isClosed = false;
    return {
      send: (path, bytes) => (isClosed ? refusal(path, ERRNO.EBADF) : this.#send(path, bytes)),
      close: () => {
        isClosed = true;
      },
    };
  }

  #send(path: string, bytes: Uint8Array): Result<void, DatagramCode> {
    const length = Buffer.byteLength(path);
    const most = path.startsWith('@') ? LONGEST_PATH + 1 : LONGEST_PATH;
    if (!/^[/@][^\0]/.test(path) || path.includes('\0') || length > most) return refusal(path, ERRNO.EINVAL);
    const receiver = this.#receivers.get(path);
    if (receiver === undefined) return refusal(path, path.startsWith('@') ? ERRNO.ECONNREFUSED : ERRNO.ENOENT);
    if (receiver.isDenied) return refusal(path, ERRNO.EACCES);
    if (bytes.length > LARGEST) return refusal(path, ERRNO.EMSGSIZE);
    if (receiver.queue.length >= receiver.room) return refusal(path, ERRNO.EAGAIN);
    receiver.queue.push(bytes.slice());
    return ok(undefined);
  }
}
