import { IDENTIFIER } from './entry.ts';

/** What of a journal entry tells whose it is. */
export interface EntryOrigin {
  /** `SYSLOG_IDENTIFIER`: what the sender calls itself. */
  readonly identifier?: string;
  /** `_PID`: of the sender, as journald knows it. */
  readonly pid?: number;
  /** `_SYSTEMD_UNIT`, as journald knows it. */
  readonly unit?: string;
}

/** Ourselves, as journald knows us. */
export interface OwnOrigin {
  readonly pid: number;
  /** The unit this process runs in, if in one; also that of the run before this one. */
  readonly unit?: string;
}

/**
 * Whether a journal entry is of this program's own log, which the journal watcher must not read: what it says of events
 * would become events. Only what journald found out itself counts: anybody may call himself `bartizan`, and would be
 * invisible if that were enough. In our unit the name is needed as well, because helpers of ours (sshd in a test, a hook)
 * may run there.
 */
export const isOwnEntry = ({ identifier, pid, unit }: EntryOrigin, own: OwnOrigin): boolean =>
  pid === own.pid || (identifier === IDENTIFIER && unit !== undefined && unit === own.unit);
