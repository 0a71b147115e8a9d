import type { Change } from '../../core/config/change.ts';
import type { LoadedConfig } from '../../core/config/read.ts';
import type { FirewallContent } from '../firewall/index.ts';

/** Name of the subject. */
export const SETTINGS = 'settings';

/** What is proposed to the changes: fields to change, or to take over what another hand wrote. */
export interface SettingsProposal {
  /** Absent: the file as it is on disk is to be taken over. */
  readonly changes?: readonly Change[];
  /** SHA-256 of the file as it was when this was proposed, hex. */
  readonly over: string;
  /** The process is started anew to try it. */
  readonly restart: boolean;
}

/** What was made of a proposal. */
export interface SettingsPlan {
  readonly before: LoadedConfig;
  readonly after: LoadedConfig;
  readonly proposal: SettingsProposal;
  readonly attributes: { readonly mode: number; readonly uid: number; readonly gid: number };
  /** There when the kernel's rules change. */
  readonly candidate?: FirewallContent;
}

/** Whether a change of these settings may be one of the kernel's rules. */
export const touchesRules = (parts: readonly string[]): boolean => parts.some((path) => path in RULES_SETTINGS);

/** The settings that `contentOf` reads. */
const RULES_SETTINGS: Readonly<Record<string, keyof FirewallContent>> = {
  infra_ips: 'infra',
  'firewall.denied_networks': 'denied',
};
