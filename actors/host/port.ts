import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';

/** What root does to the machine when it is asked, and nothing else; `systemd/host` does it. */
export const HOST_VERBS = ['apply-network', 'factory-reset', 'power-off', 'reboot', 'refuse-slot'] as const;
export type HostVerb = (typeof HOST_VERBS)[number];

/**
 * `refused`: root said no, and why. `silent`: nobody answered in time, as where the unit is not there; nothing will come of
 * it any more. `failed`: it could not even be asked.
 */
export type HostRefusal = 'refused' | 'silent' | 'failed';

/** Asks root for one of a few things. */
export interface HostRequests {
  /**
   * Resolves when it is done; `refuse-slot` marks the slot that does not run as bad, so that it is not booted; `reboot`, `power-off` and `factory-reset` when the machine is about to go down. Two requests of
   * one verb go one after the other.
   */
  ask(verb: HostVerb): Promise<Result<void, HostRefusal>>;
}

/** Names one request: the inode and the time of its file. */
export type RequestMark = string;

/** The few things done to files for a request. Each may reject with errno errors. */
export interface RequestFiles {
  /** Puts a request of that name in place, over one that is there. */
  put(verb: HostVerb): Promise<RequestMark>;
  /** Takes a request back that nobody has taken; absent is fine. */
  takeBack(verb: HostVerb): Promise<void>;
  /** What was answered last to that verb; undefined where nothing was. */
  answer(verb: HostVerb): Promise<string | undefined>;
}

/** Between two looks for an answer. */
export const LOOK_EVERY = 50 as Millis;
/** A reload of the network takes two seconds at most; the unit ends after a minute. */
export const ANSWER_WITHIN = 30_000 as Millis;

/** The one file that root applies, and what of it is in force. Each may reject with errno errors. */
export interface HostFile {
  /** Absolute. */
  readonly path: string;
  readonly attributes: { readonly mode: number; readonly uid: number; readonly gid: number };
  read(): Promise<Uint8Array | undefined>;
  /** So that after a crash at any moment the old bytes or the new stand there whole. */
  write(bytes: Uint8Array): Promise<void>;
  /** SHA-256 of what was applied last, hex; undefined where nothing was, or half of it. */
  applied(): Promise<string | undefined>;
}
