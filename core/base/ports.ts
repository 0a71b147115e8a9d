import type { Millis } from './time.ts';

/** Wall clock and timers. Real ones live in an actor's `effects.ts`; tests advance a simulated one. */
export interface Clock {
  /** Milliseconds since 1970, UTC. May jump either way when the host's clock is set. */
  now(): Millis;
  /** Runs once after `delay`; the returned function cancels and may be called at any time. */
  after(delay: Millis, run: () => void): () => void;
}

/** Cryptographically strong randomness. */
export interface Random {
  /** @param count 1..65536 */
  bytes(count: number): Uint8Array;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured log: a short constant message, then what it is about. Never a secret, never a raw attacker-chosen message text. */
export type Log = (level: LogLevel, message: string, about?: Readonly<Record<string, unknown>>) => void;
