import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Change, ChangeId, Evidence, Spans } from '../../core/change/change.ts';

/** A file as it was before a change; put back byte for byte, with mode and owner, by a reverter that knows nothing else. */
export interface SnapshotFile {
  /** Absolute, without symlinks. */
  readonly path: string;
  /** `undefined`: there was no such file, and a revert removes it. */
  readonly content: Uint8Array | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** All that is needed to go back, without Node and without the store. */
export interface Snapshot {
  readonly files: readonly SnapshotFile[];
  /** Text for `nft -f` that puts the kernel's rules back; absent where the change leaves the kernel alone. */
  readonly ruleset?: string;
}

/** What a subject makes of a proposal, after it was judged and before anything is changed. */
export interface Prepared<Plan> {
  readonly plan: Plan;
  readonly summary: string;
  readonly parts: readonly string[];
  /** `sha256:HEX` of what is to change, as it is and as it will be. */
  readonly before: string;
  readonly after: string;
  readonly spans: Spans;
  readonly snapshot: Snapshot;
}

/** What a subject learns about the trial that it is part of. */
export interface Trial {
  readonly id: ChangeId;
  /** How long until the trial ends, ms; asked anew each time. */
  left(): Millis;
}

/** Which of its two states a subject finds in place when it looks: file and kernel. */
export type Holds = 'before' | 'after' | 'neither';

/**
 * Something that can be changed on trial. Every function may be called again after a crash in the midst of it, by another
 * process, and must then come to the same end. Nothing throws but bugs.
 */
export interface Subject<Plan = unknown> {
  readonly name: string;
  /** Judges a proposal and takes the snapshot; changes nothing. `invalid` and `stale` are told to the client as they are. */
  prepare(proposal: unknown): Promise<Result<Prepared<Plan>, 'invalid' | 'stale' | 'failed'>>;
  /** Puts the new state in place. Kernel rules guarded, so that they fall back by themselves when the trial's time is over. */
  apply(plan: Plan, trial: Trial): Promise<Result<Applied, 'failed'>>;
  /**
   * At a start during a trial, and after a confirmation that did not come to its end: makes what runs now, kernel included,
   * be on trial again for what is left of it. What the kernel falls back to is the snapshot's, whatever a confirmation that
   * was cut off has made of it.
   */
  resume(change: Change, trial: Trial, snapshot: Snapshot): Promise<Result<void, 'failed'>>;
  /** Makes the new state stay: the kernel's rules in one transaction. */
  confirm(change: Change): Promise<Result<void, 'failed'>>;
  /** Puts back what was. Files first, then the kernel. */
  revert(change: Change, snapshot: Snapshot): Promise<Result<Applied, 'failed'>>;
  /** Reads back what is in place. */
  look(change: Change, snapshot: Snapshot): Promise<Result<Holds, 'failed'>>;
  /** What must hold while the change is on trial. */
  probes(change: Change): readonly Probe[];
}

/** `restart`: in place once the process was started anew, which the change service asks for after it has answered. */
export interface Applied {
  readonly takesEffect: 'now' | 'restart';
}

/** One thing to find out about a trial. Its evidence is kept. Bounded by its own timeout, ms. */
export interface Probe {
  readonly name: string;
  readonly timeout: Millis;
  /**
   * Looks at what is around rather than at the change. It is asked right before the change as well, and where it does not
   * pass then, a site without a gateway say, it is not heard afterwards.
   */
  readonly looksAround?: true;
  run(change: Change, signal: AbortSignal): Promise<Pick<Evidence, 'result' | 'detail'>>;
}
