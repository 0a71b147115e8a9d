import { getSystemErrorName } from 'node:util';
import type { JournalCode, JournalFailure } from './port.ts';

/** How the engine classes what went wrong. */
export type FailureKind = 'errno' | 'no-library' | 'invalid' | 'stopped';

/** Linux errnos that the fake answers with, as libsystemd does. */
export const ERRNO = { ENOENT: 2, EACCES: 13, EINVAL: 22, EBADMSG: 74 } as const;

const CODES: Readonly<Record<number, JournalCode>> = {
  1: 'denied', // EPERM
  2: 'absent', // ENOENT
  5: 'damaged', // EIO
  13: 'denied', // EACCES
  20: 'absent', // ENOTDIR
  22: 'invalid', // EINVAL
  61: 'damaged', // ENODATA: shorter than a header
  74: 'damaged', // EBADMSG
  77: 'damaged', // EBADFD: not a regular file
  93: 'damaged', // EPROTONOSUPPORT: a feature that this libsystemd does not know
};

export const CLOSED: JournalFailure = {
  ok: false,
  code: 'closed',
  public: 'the journal port was closed; open a new one',
  errno: 0,
};

export const failure = (code: JournalCode, errno: number, text: string): JournalFailure => ({
  ok: false,
  code,
  public: text,
  errno,
});

/** Refused before anything was tried. */
export const refuse = (text: string): JournalFailure => failure('invalid', 0, text);

export const unavailable = (why: string): JournalFailure =>
  failure('unavailable', 0, `the journal cannot be read on this host: ${why}; install the package libsystemd0`);

/** @param doing what was tried: `open the journal` */
export const libraryRefusal = (doing: string, errno: number): JournalFailure =>
  failure(CODES[errno] ?? 'failed', errno, `${doing}: ${explain(errno)}`);

/** An errno of libsystemd's in plain words, with what to do about it. */
export function explain(errno: number): string {
  const name = errno === 0 ? '' : ` (${nameOf(errno)})`;
  switch (CODES[errno] ?? 'failed') {
    case 'absent':
      return `there is no such file or directory${name}`;
    case 'denied':
      return `not permitted${name}: run as root, or add the user to group systemd-journal`;
    case 'damaged':
      return errno === 93
        ? `written by a later systemd than this libsystemd can read${name}`
        : `not readable as a journal file${name}: look at it with \`journalctl --verify --file\``;
    case 'invalid':
      return `not a cursor of a journal, nor a boot${name}`;
    default:
      return `libsystemd refused${name}`;
  }
}

/** Those that Node has no name for. */
const NAMES: Readonly<Record<number, string>> = { 74: 'EBADMSG', 77: 'EBADFD' };

const nameOf = (errno: number): string => NAMES[errno] ?? getSystemErrorName(-errno);
