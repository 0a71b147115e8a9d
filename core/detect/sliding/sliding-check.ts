import type { Millis } from '../../base/time.ts';
import type { Category, Event } from '../../event/event.ts';
import type { CheckInfo } from '../detector.ts';
import type { Subject } from '../finding.ts';
import type { SourceKeys } from '../trail/keys.ts';
import type { AgentLists } from '../web/agents.ts';

/**
 * Events that some checks look at, and what they are counted by. Checks of the same stream share one memory: an event is
 * looked up and remembered once for all of them.
 */
export interface Stream {
  /** Of the durable state. */
  readonly name: string;
  readonly wants: (category: Category, action: string) => boolean;
  /**
   * Made once for each detector: says what an event is to the checks, as a set of the stream's own bits, below 512; 0 when
   * it is nothing to them.
   */
  readonly traits: (lists: AgentLists) => (event: Event) => number;
  /** `source`: the address by its network. `account`: the user on the host. */
  readonly key: 'source' | 'account';
  /** What distinct counts distinguish, and messages name. */
  readonly value: StreamValue;
  /** Events with one of these traits count only where no other event of the same connection is in the window. */
  readonly oncePerConnection?: number;
  /**
   * Of lines that are read in bulk nothing else is asked: traits come of the action, of whether the user is unknown, and of whether
   * the user is one of these; where keys are sources, values are users, and where they are accounts, sources.
   */
  readonly inBulk?: { readonly users: readonly string[] };
}

export type StreamValue =
  | { readonly of: 'text'; readonly read: (event: Event, sources: SourceKeys) => string | undefined }
  | { readonly of: 'number'; readonly read: (event: Event) => number | undefined };

/** A number of things that make a finding. */
export interface Threshold {
  /** What is counted, plural: with the check's name the key in the configuration. */
  readonly noun: string;
  readonly preset: number;
  /** ≥ 1 */
  readonly minimum: number;
}

/** How the check counts. See `SlidingDetector`. */
export interface SlidingCheck {
  readonly info: CheckInfo;
  readonly stream: Stream;
  /** Traits of which an event must have one to count. */
  readonly counts: number;
  /** Traits of which an event must have one to complete a finding; absent: those that count. */
  readonly completes?: number;
  /** `events`: each as many as its line stands for. `values`: how many different ones. */
  readonly measure: 'events' | 'values';
  /** A value with more events than this in the window does not count. */
  readonly triesAtMost?: number;
  /** Absent: each event is a finding. */
  readonly threshold?: Threshold;
  /** The window; where each event is a finding, how long none follows it. */
  readonly window: Millis;
  readonly subject: Subject['kind'];
  /** One sentence a person can act on. */
  readonly say: (evidence: Evidence) => string;
}

/** What a finding rests on. */
export interface Evidence {
  readonly subject: string;
  /** That completed it. */
  readonly event: Event;
  /** What was measured. */
  readonly count: number;
  /** From the first to the latest that counted, e.g. `1m30s`. */
  readonly spent: string;
  /** Different values in order of time, fit for display. */
  readonly values: ReadonlySet<string>;
}

/** As configured. */
export interface SlidingSettings {
  readonly enabled?: boolean;
  /** ≥ 1 */
  readonly threshold: number;
  readonly window: Millis;
}
