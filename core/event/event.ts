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
export type Category = 'authentication' | 'session' | 'network' | 'process' | 'other';

/** ECS `event.outcome`. */
export type EventOutcome = 'success' | 'failure' | 'unknown';

/** How far a line's own clock may run ahead of ours. Behind is not bounded: logs are replayed. */
export const MAX_AHEAD: Millis = minutes(5);

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

/** A framed line and what is known about it besides its text. */
export interface RawLine {
  /** Without its line ending. Bytes that are not UTF-8 are U+FFFD. Empty when the line has a `flaw`. */
  readonly text: string;
  /** Set by the framer: the line is counted under this reason and no parser sees it. */
  readonly flaw?: LineFlaw;
  readonly position: Position;
  readonly receivedAt: Millis;
  readonly provenance: Provenance;
}

/** A total function: any text gives an event or the reason why not, and never throws. */
export type Parser = (line: RawLine) => Event | Unparsed;

export const isEvent = (parsed: Event | Unparsed): parsed is Event => 'action' in parsed;
