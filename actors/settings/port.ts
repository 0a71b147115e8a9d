import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Config, HostSettings } from '../../core/config/settings.ts';
import type { SnapshotFile } from '../change/index.ts';
import type { FirewallContent, ListUse } from '../firewall/index.ts';

/** The kernel's rules as a change of settings needs them. Every function may be called again and then changes nothing. */
export interface FirewallTrial {
  /** Has packets judged by the candidate from now on, and by what was confirmed before it when the time is over. */
  arm(
    candidate: FirewallContent,
    time: { left(): Millis },
    confirmed: FirewallContent,
  ): Promise<Result<void, 'failed'>>;
  /** Makes the candidate the confirmed content, in one transaction. */
  confirm(): Promise<Result<void, 'failed'>>;
  /** Ends the trial, if there is one, and has packets judged by this content, which is confirmed. */
  abandon(confirmed: FirewallContent): Promise<Result<void, 'failed'>>;
  /** Takes all rules out of the kernel, those of an earlier run as well; nothing is enforced afterwards. */
  remove(): Promise<Result<void, 'failed'>>;
  /** Text for `nft -f` that makes the kernel judge by this content, or by nothing of ours. */
  rulesetText(content: FirewallContent | 'none'): string;
  /** Whether packets are judged by this content at this moment, read back; undefined when the kernel holds nothing of ours. */
  isJudging(content: FirewallContent): Promise<Result<boolean | undefined, 'failed'>>;
  /** Waits until the kernel goes by all of these lists' generations; nothing is waited for where nothing is enforced. */
  holdsLists(lists: readonly ListUse[]): Promise<Result<void, 'failed'>>;
}

/** The machine that this is, as a change of settings needs it. Every function may be called again and then changes nothing. */
export interface HostTrial {
  /** The file that the machine goes by, as it is now; before it was ever written, what these settings make of it. */
  snapshot(host: HostSettings): Promise<Result<SnapshotFile, 'failed'>>;
  /** Makes file and machine go by these settings. */
  follow(host: HostSettings): Promise<Result<void, 'failed'>>;
  /** Makes file and machine go by this file again. */
  putBack(file: SnapshotFile): Promise<Result<void, 'failed'>>;
  /** Whether file and machine go by this, read back. */
  goesBy(wanted: HostSettings | SnapshotFile): Promise<Result<boolean, 'failed'>>;
}

/**
 * Reads those of these lists of which nothing was ever read, so that a trial shows what they do. Nothing is in force by it.
 * Says which could not be read, and why, within a bounded time.
 */
export type FetchLists = (config: Config, lists: readonly ListUse[]) => Promise<Result<void, 'failed'>>;

/** Makes the running parts go by live settings that were written; says what did not follow, by dotted path. */
export type Follow = (
  before: Config,
  after: Config,
) => Promise<readonly { readonly field: string; readonly message: string }[]>;
