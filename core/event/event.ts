import type { Ip } from '../base/ip.ts';
import { type Millis, minutes } from '../base/time.ts';

/**
 * How far an event can be trusted, best first. `kernel`: the kernel said it. `journal`: journald vouches for the sender.
 * `file`: whoever may write the file, or have syslogd write it. `authenticated`: a network peer with a proven identity. `spoofable`: anybody.
 */
export const PROVENANCES = ['kernel', 'journal', 'file', 'authenticated', 'spoofable'] as const;
export type Provenance = (typeof PROVENANCES)[number];

/** Where an event was read, stable across rotation and rename: never an inode. */
export interface Position {
  /** Content fingerprint of the file (see `fingerprintOf`), or the journal's id. */
  readonly source: string;
  /** Byte offset of the line's first byte. */
  readonly offset: number;
}

/** ECS `event.category`. */
export type Category = 'authentication' | 'session' | 'network' | 'process' | 'web' | 'email' | 'other';

/** ECS `event.outcome`. */
export type EventOutcome = 'success' | 'failure' | 'unknown';

/** How far a line's own clock may run ahead of ours. Behind is not bounded: logs are replayed. */
export const MAX_AHEAD: Millis = minutes(5);

/** A web request as logged. Text is as the client sent it: still percent-encoded, attacker-chosen. */
export interface HttpFields {
  readonly method?: string;
  /** Request target up to the first `?`. */
  readonly path?: string;
  /** What follows the `?`. */
  readonly query?: string;
  readonly status?: number;
  /** Of the response: its body, or headers and body where the log counts so. */
  readonly bytes?: number;
  readonly referrer?: string;
  readonly userAgent?: string;
  /** The virtual host, where the log names it. */
  readonly host?: string;
}

/**
 * One observed thing, in ECS terms. Fields that the source did not give are absent, never empty.
 * Text fields hold what the source wrote: attacker-chosen, so escape on display and never interpolate.
 */
export interface Event {
  /** Event time, clamped so that it is never more than `MAX_AHEAD` after it was received. */
  readonly at: Millis;
  readonly position: Position;
  readonly provenance: Provenance;
  readonly category: Category;
  /** What happened, one word from the parser's closed list, e.g. `ssh_failed_password`. */
  readonly action: string;
  readonly outcome: EventOutcome;
  readonly host?: string;
  readonly program?: string;
  readonly pid?: number;
  readonly user?: string;
  /** The user name is unknown to the host (sshd's "invalid user"). */
  readonly userUnknown?: true;
  readonly sourceIp?: Ip;
  readonly sourcePort?: number;
  readonly destinationIp?: Ip;
  readonly destinationPort?: number;
  /** `tcp`, `udp`, `icmp`, … as the kernel names it. */
  readonly transport?: string;
  /** Application protocol where the program serves several: `imap`, `pop3`, `smtp`, `submission`, `ftp`, `http`. */
  readonly service?: string;
  /** Whom the user acts as or wants to (su, sudo). */
  readonly targetUser?: string;
  /** The request of a web server's log. */
  readonly http?: HttpFields;
  /** What a declared parser's other named groups matched, by their names; a packet's log `prefix`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Authentication method: `password`, `publickey`, `keyboard-interactive/pam`, … */
  readonly method?: string;
  /** How many like events this one line stands for ("message repeated N times"), ≥ 2. */
  readonly repeats?: number;
  /** The message behind the syslog header. */
  readonly message: string;
}

/** Why a line gave no event. `other-program`: well-formed, of a program this parser does not read. */
export type UnparsedReason =
  | 'empty'
  | 'no-header'
  | 'bad-time'
  | 'other-program'
  | 'unknown-message'
  | 'binary'
  | 'too-long';

export interface Unparsed {
  readonly unparsed: UnparsedReason;
}

/** Why a framed line cannot be read at all. */
export type LineFlaw = Extract<UnparsedReason, 'binary' | 'too-long'>;

/** What journald itself found out about the sender of an entry (its trusted fields), never what the sender wrote. */
export interface Sender {
  /** `_UID`. */
  readonly uid?: number;
  /** `_SYSTEMD_UNIT`. */
  readonly unit?: string;
  /** `_EXE`. */
  readonly exe?: string;
  /** `_TRANSPORT`: `syslog`, `journal`, `stdout`, `kernel`, `audit`, `driver`. */
  readonly transport?: string;
}

/** What stands before the message in a syslog line, for sources that know it already. */
export interface LineHeader {
  readonly at: Millis;
  readonly host?: string;
  readonly program?: string;
  readonly pid?: number;
}

/** A framed line and what is known about it besides its text. */
export interface RawLine {
  /** Without its line ending. Bytes that are not UTF-8 are U+FFFD. Empty when the line has a `flaw`. */
  readonly text: string;
  /** Set by the framer: the line is counted under this reason and no parser sees it. */
  readonly flaw?: LineFlaw;
  readonly position: Position;
  readonly receivedAt: Millis;
  /** The best it can be; a parser that finds an unexpected `sender` makes the event `spoofable`. */
  readonly provenance: Provenance;
  /** Given by sources that keep the header apart (the journal): then `text` is the message alone. */
  readonly header?: LineHeader;
  /** Given by the journal alone. */
  readonly sender?: Sender;
}

/** A total function: any text gives an event or the reason why not, and never throws. */
export type Parser = (line: RawLine) => Event | Unparsed;

export const isEvent = (parsed: Event | Unparsed): parsed is Event => 'action' in parsed;

/** Whether the line is an event that not anybody could have sent. */
export const isProven = (parsed: Event | Unparsed): boolean => isEvent(parsed) && parsed.provenance !== 'spoofable';
