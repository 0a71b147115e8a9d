import type { Result } from '../../core/base/result.ts';

/**
 * `absent`: nobody listens there. `busy`: the receiver's queue is full. `too-large`: more than the socket's send buffer
 * (the sysctl net.core.wmem_default, 208 KiB by default). `denied`: the permissions of the socket say no. `invalid`: no
 * such address can exist. `closed`: the port was. `rejected`: any other errno; `Failure.public` names it.
 */
export type DatagramCode = 'absent' | 'busy' | 'too-large' | 'denied' | 'invalid' | 'closed' | 'rejected';

/** Sends datagrams to AF_UNIX sockets. The receiver learns this process's pid, uid and gid from the kernel. */
export interface DatagramPort {
  /**
   * Sends all of `bytes` as one datagram, or nothing. Never waits and never throws.
   * @param path absolute, at most 107 bytes; `@name` for an abstract address
   */
  send(path: string, bytes: Uint8Array): Result<void, DatagramCode>;
  /** Idempotent. */
  close(): void;
}
