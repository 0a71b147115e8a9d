import type { Ip } from '../base/ip.ts';
import type { Millis } from '../base/time.ts';

/** A setting as it is and as it would be, secrets replaced. Absent: it is not given. */
export interface SettingChange {
  /** Dotted path. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly applies: 'live' | 'restart';
}

/**
 * Why the rules let an address in or drop it: the first of them that says anything. `restricted`, `closed`: new connections
 * to this port, one of restricted_tcp, or none that is open. `nothing`: none does, so it gets in.
 */
export type JudgedBy = 'infra' | 'allowed' | 'blocked' | 'denied' | 'restricted' | 'closed' | 'nothing';

/** A source of events that got in, and would not any more. */
export interface CutSource {
  readonly ip: Ip;
  /** Events that name it. */
  readonly events: number;
  readonly by: JudgedBy;
}

/** A connection that is established now, and would get no answer any more; or, where a port is closed, could not be made again. */
export interface CutSession {
  readonly ip: Ip;
  readonly port: number;
  /** Of this host. */
  readonly localPort: number;
  /** It comes from the address that asks: most likely its own. */
  readonly yours: boolean;
  readonly by: JudgedBy;
}

/** What a change would do, found out without doing it. What could not be found out says why. */
export interface Preview {
  readonly settings: readonly SettingChange[];
  /** Differences of the kernel's rules, as `diff -U` writes them: ` `, `-` or `+`, then the line. Empty: they stay. */
  readonly rules: { readonly lines: readonly string[]; readonly unknown?: string };
  readonly sources: {
    readonly from: Millis;
    readonly until: Millis;
    /** Sources that were looked at. */
    readonly seen: number;
    readonly cut: readonly CutSource[];
    /** There were more than could be looked at in time, or than are named. */
    readonly more: boolean;
    readonly unknown?: string;
  };
  readonly sessions: {
    readonly seen: number;
    readonly cut: readonly CutSession[];
    /** Some of them come from the address that asks. */
    readonly cutsYou: boolean;
    readonly more: boolean;
    readonly unknown?: string;
  };
  /** Whether the candidate drops the address that asks, or closes a port it is connected to; undefined where it has none, as over the control socket. */
  readonly you?: { readonly ip: Ip; readonly cut: boolean; readonly by: JudgedBy };
}
