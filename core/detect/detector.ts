import type { Ip } from '../base/ip.ts';
import type { Category, Event, Provenance } from '../event/event.ts';
import type { Finding, Severity } from './finding.ts';

/** A change to one key of a detector's state since the last snapshot; `undefined` means the key is gone. */
export type StateChange = readonly [key: string, value: unknown];

/**
 * What may be done about a check's findings on its own authority. `block`: the subject's address, when every event that
 * counted is at least as trustworthy as `least`. `none`: a person decides; `why` says the reason.
 */
export type ResponseGrant =
  | { readonly kind: 'block'; readonly least: Provenance }
  | { readonly kind: 'none'; readonly why: string };

/** What a check is, registered once; settings, docs, response policy and the API read it from here. */
export interface CheckInfo {
  readonly name: string;
  readonly category: string;
  readonly severity: Severity;
  readonly description: string;
  readonly response: ResponseGrant;
}

/**
 * Judges a stream of events for one or several checks that share what they remember. Single-threaded, deterministic,
 * driven by event time alone: the same events after the same state give the same findings. Bounded: `evict` lets go of
 * state by the detector's own written rule.
 */
export interface Detector {
  /** Of its durable state. */
  readonly name: string;
  readonly checks: readonly CheckInfo[];
  /** Whether an event of this kind could concern it; the others need not be given to it. Asked once of each kind. */
  wants(category: Category, action: string): boolean;
  /**
   * Judges one event, which is good until this returns: another may take its place in the same object. It is neither kept nor
   * spread, since some of its fields are made when they are asked for.
   */
  step(event: Event): readonly Finding[];
  /** What changed since the last call, as JSON-safe values. The caller makes it durable together with the cursors. */
  snapshot(): readonly StateChange[];
  /** Puts a durable state back; only on a new detector. Entries of an unreadable form are skipped and counted in the result. */
  restore(entries: Iterable<StateChange>): { readonly skipped: number };
  /** Lets go of what counts against this address's source so far, and of its silence; of what is no tally, nothing. */
  forget(ip: Ip): void;
  /** Rough bytes held. A constant cost: it is asked after every event. */
  bytes(): number;
  /** Lets go until at most `bytes` are held; returns how many keys went. */
  evict(bytes: number): number;
}

export const NO_FINDINGS: readonly Finding[] = [];
