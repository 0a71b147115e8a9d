import { type Change, changedSettings } from '../../core/config/change.ts';
import { FIREWALL_FEATURES } from '../../core/config/firewall-features.ts';
import type { LoadedConfig } from '../../core/config/read.ts';
import type { Config } from '../../core/config/settings.ts';
import { contentOf, type FirewallContent, type ListUse, OPEN } from '../firewall/index.ts';

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
  /** Dotted paths of what changes. */
  readonly parts: readonly string[];
  readonly proposal: SettingsProposal;
  readonly attributes: { readonly mode: number; readonly uid: number; readonly gid: number };
  /** There when the kernel's rules change. */
  readonly rules?: { readonly before: FirewallContent; readonly after: FirewallContent };
}

/** Whether a change of these settings may be one of the kernel's rules. */
export const touchesRules = (parts: readonly string[]): boolean => parts.some((path) => RULES_SETTINGS.has(path));

/** Whether a change of these settings is one of the machine itself. */
export const touchesHost = (parts: readonly string[]): boolean => parts.some((path) => path.startsWith('host.'));

const ENABLED = 'firewall.enabled';
/** The settings that `contentAmong` reads. */
const RULES_SETTINGS: ReadonlySet<string> = new Set([
  'infra_ips',
  'firewall.denied_networks',
  'firewall.country_block',
  'lists',
  ...Object.keys(FIREWALL_FEATURES).map((name) => `firewall.${name}`),
  ENABLED,
]);

type RulesSettings = Parameters<typeof contentOf>[0];

/** Whether a change of these settings switches the firewall, and off in this config. */
export const isSwitchedOff = (parts: readonly string[], { firewall }: RulesSettings): boolean =>
  parts.includes(ENABLED) && !firewall.enabled;

/**
 * By what the kernel judges where one side of a change says this. To switch the firewall on is to put in force whatever
 * was written while it was off, so the side on which it is off is one that lets everybody in.
 */
export const contentAmong = (parts: readonly string[], config: RulesSettings): FirewallContent =>
  isSwitchedOff(parts, config) ? OPEN : contentOf(config);

/** The same, of the one of two configs that a change leads between. */
export const contentBeside = (config: Config, other: Config): FirewallContent =>
  contentAmong(
    changedSettings(config, other).map(({ path }) => path),
    config,
  );

/** Lists that drop or let in after a change and did not before. A trial says nothing of one that comes into force after it. */
export function listsToTry(before: FirewallContent, after: FirewallContent): readonly ListUse[] {
  const enforcing = ({ lists = [] }: FirewallContent) => lists.filter(({ mode }) => mode === 'enforce');
  const known = new Set(enforcing(before).map(({ id }) => id));
  return enforcing(after).filter(({ id }) => !known.has(id));
}
