import { getSystemErrorName } from 'node:util';
import { type Failure, fail } from '../../core/base/result.ts';
import type { DatagramCode } from './port.ts';

/** Linux errnos that are answered in words of their own. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EINVAL: 22,
  EMSGSIZE: 90,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const;

const CODES: ReadonlyMap<number, DatagramCode> = new Map([
  [ERRNO.EPERM, 'denied'],
  [ERRNO.ENOENT, 'absent'],
  [ERRNO.EBADF, 'closed'],
  [ERRNO.EAGAIN, 'busy'],
  [ERRNO.EACCES, 'denied'],
  [ERRNO.EINVAL, 'invalid'],
  [ERRNO.EMSGSIZE, 'too-large'],
  [ERRNO.ENOBUFS, 'busy'],
  [ERRNO.ECONNREFUSED, 'absent'],
]);

/** What the kernel, or the engine in its words, said to a datagram for `path`. */
export function refusal(path: string, errno: number): Failure<DatagramCode> {
  const code = CODES.get(errno) ?? 'rejected';
  return fail(
    code,
    `a datagram to ${path.slice(0, 128)} was not sent: ${EXPLAINED[code]} (${getSystemErrorName(-errno)})`,
  );
}

const EXPLAINED: Readonly<Record<DatagramCode, string>> = {
  absent: 'nobody listens there',
  busy: 'its queue is full',
  'too-large': 'it is larger than the socket may send',
  denied: 'not permitted',
  invalid: 'no socket can have this address',
  closed: 'the port was closed',
  rejected: 'the kernel refused it',
};
