import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Config } from '../../core/config/settings.ts';

/** What of the kernel's rules follows from the settings. */
export interface RulesContent {
  /** `infra_ips`: let in whatever else is said. */
  readonly infra: readonly string[];
  /** `firewall.denied_networks`: dropped, behind infra and what is allowed. */
  readonly denied: readonly string[];
}

export const contentOf = ({ infra_ips: infra, firewall }: Pick<Config, 'infra_ips' | 'firewall'>): RulesContent => ({
  infra,
  denied: firewall.denied_networks,
});

/** The kernel's rules as a change of settings needs them. Every function may be called again and then changes nothing. */
export interface FirewallTrial {
  /** Has packets judged by the candidate from now on, and by the confirmed content again when the time is over. */
  arm(candidate: RulesContent, time: { left(): Millis }): Promise<Result<void, 'failed'>>;
  /** Makes the candidate the confirmed content, in one transaction. */
  confirm(): Promise<Result<void, 'failed'>>;
  /** Has packets judged by the confirmed content. */
  abandon(): Promise<Result<void, 'failed'>>;
  /** Text for `nft -f` that makes the kernel judge by this content. */
  rulesetText(content: RulesContent): string;
  /** By what packets are judged at this moment, read back; undefined when the kernel holds nothing of ours. */
  judged(): Promise<Result<RulesContent | undefined, 'failed'>>;
}

/** Makes the running parts go by live settings that were written; says what did not follow, by dotted path. */
export type Follow = (
  before: Config,
  after: Config,
) => Promise<readonly { readonly field: string; readonly message: string }[]>;
