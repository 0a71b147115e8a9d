import type { Event } from '../event/event.ts';
import type { Finding, Severity } from './finding.ts';

/** A change to one key of a detector's state since the last snapshot; `undefined` means the key is gone. */
export type StateChange = readonly [key: string, value: unknown];

/** What a check is, registered once; settings, docs and the API read it from here. */
export interface CheckInfo {
  readonly name: string;
  readonly category: string;
  readonly severity: Severity;
  readonly description: string;
}

/**
 * A detector over a stream of events. Single-threaded, deterministic, driven by event time alone: the same events after
 * the same state give the same findings. Bounded: it evicts by its own written rule before it grows past its limit.
 */
export interface Detector {
  readonly info: CheckInfo;
  /** Judges one event. */
  step(event: Event): readonly Finding[];
  /** What changed since the last call, as JSON-safe values. The caller makes it durable together with the cursors. */
  snapshot(): readonly StateChange[];
  /** Puts a durable state back; only on a new detector. Entries of an unreadable form are skipped and counted in the result. */
  restore(entries: Iterable<StateChange>): { readonly skipped: number };
  /** Rough bytes held. */
  bytes(): number;
  /** Drops the oldest state until at most `bytes` are held; returns how many keys went. */
  evict(bytes: number): number;
}
