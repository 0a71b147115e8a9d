/** Numbers of a row. A row is a line that was read, or with `action` 0 a run of lines that are for others to read. */
export const FIELD = {
  /** Place in `ACTIONS`. */
  action: 0,
  /** Of the line, or the run, in the piece. */
  start: 1,
  /** Of the line without its newline, or of the run behind its last newline. */
  end: 2,
  /** Milliseconds since the minute began. */
  moment: 3,
  /** Where the message begins in the piece. */
  message: 4,
  /** Numbers of texts, 0 for none. */
  host: 5,
  program: 6,
  pid: 7,
  user: 8,
  address: 9,
  /** 0 for none. */
  port: 10,
  method: 11,
  target: 12,
  /** Of `FLAG`. */
  flags: 13,
  /** Where the message begins among the messages. */
  packed: 14,
  /** How many like events the line stands for, 2 or more; 0 for itself. */
  repeats: 15,
} as const;

export const FIELDS = 16;

export const FLAG = {
  /** The user is unknown to the host. */
  userUnknown: 1,
  noPid: 2,
} as const;

/** What a line says that happened, by its number; 0 for a run of lines that were not read. */
export const ACTIONS = [
  undefined,
  'ssh_failed_password',
  'ssh_failed_publickey',
  'ssh_failed_keyboard_interactive',
  'ssh_failed_none',
  'ssh_failed_other',
  'ssh_accepted_password',
  'ssh_accepted_publickey',
  'ssh_accepted_keyboard_interactive',
  'ssh_accepted_other',
  'ssh_invalid_user',
  'ssh_auth_abandoned',
  'ssh_connection_closed',
  'ssh_connection_reset',
  'ssh_received_disconnect',
  'ssh_pam_failure',
  'ssh_pam_other',
  'ssh_session_opened',
  'ssh_session_closed',
  'pam_session_opened',
  'pam_session_closed',
  'logind_session_new',
  'sudo_command',
  'su_failed',
  'sudo_failed',
] as const;

/** The last action of sshd's. */
export const LAST_OF_SSHD = ACTIONS.indexOf('ssh_session_closed');

export interface Reading {
  /** How many rows were filled. */
  readonly rows: number;
  /** How many texts got a number, each the next one, from 1 on. */
  readonly fresh: number;
  /** Where in the piece the first line stands that no row tells of: it has no end there, or is of another minute. */
  readonly next: number;
}

/**
 * Reads the usual lines of sshd, cron, systemd-logind, sudo and su out of pieces of a syslog file with times as RFC 3164 or
 * RFC 3339 has them: those that make up nearly all of a log of authentication, in ASCII, with a canonical address or none.
 * Whatever is not surely of these forms is told as a run of lines. Keeps the numbers of texts from call to call.
 */
export interface LineReader {
  /**
   * @param from place in the piece where a line begins
   * @param minute with which the lines begin, up to the colon before their seconds; none is read without
   * @param zone with which their times end, as of RFC 3339; empty where the seconds do, as of RFC 3164
   * @param rows filled, `FIELDS` numbers each
   * @param fresh filled with where each new text begins and ends in the piece
   * @param messages filled with those of the lines that were read, one behind the other
   */
  read(
    piece: Uint8Array,
    from: number,
    minute: string,
    zone: string,
    rows: Uint32Array,
    fresh: Uint32Array,
    messages: Uint8Array,
  ): Reading;
  /** Forgets all texts: numbers begin at 1 again. */
  forget(): void;
}
