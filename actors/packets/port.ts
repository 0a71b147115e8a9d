import type { Ip } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';

/** How a program ended. `missing`: there is none of that name. `late`: it was ended, or left behind, when its time was up. */
export type Ran =
  | { readonly kind: 'ended'; readonly code: number; readonly out: string; readonly err: string }
  | { readonly kind: 'missing' | 'late' };

export interface RunOptions {
  readonly input?: string;
  readonly timeout: Millis;
  readonly signal?: AbortSignal;
}

/** A packet to be sent: a datagram, or a request for a connection. */
export interface Letter {
  readonly protocol: 'udp' | 'tcp';
  readonly source: Ip;
  readonly target: Ip;
  readonly port: number;
}

/** As a set of rules treats a packet. `unsent`: it did not come as far as the rules. */
export type Fate = 'passes' | 'dropped' | 'unsent';

/** What it takes to send packets of any source. Nothing here rejects; whatever is asked may hang, be absent or lie. */
export interface PacketTools {
  /** A program with fixed words, never through a shell. */
  run(program: string, args: readonly string[], options: RunOptions): Promise<Ran>;
  /** Sends packets, by another process within a network namespace. */
  sendFrom(namespace: string, letters: readonly Letter[], options: RunOptions): Promise<Ran>;
  /** A name that no other namespace has. Says which process made it. */
  newName(): string;
  /** Whether a name was given by a process that is gone. */
  isLeftOver(name: string): boolean;
}

/** Why a program says nothing. */
export function troubleOf(program: string, ran: Ran): string {
  switch (ran.kind) {
    case 'missing':
      return `${program} is not installed`;
    case 'late':
      return `${program} did not end in time`;
    case 'ended':
      return `${program}: ${ran.err.trim().split('\n', 1)[0] || `ended with ${ran.code}`}`;
  }
}
