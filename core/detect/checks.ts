import {
  KNOWN_LOGIN_PRESETS,
  type KnownLoginSettings,
  KnownLogins,
  SSH_LOGIN_UNKNOWN_IP,
} from './checks/known-logins.ts';
import { MAIL_CHECKS } from './checks/mail.ts';
import { NETWORK_CHECKS } from './checks/network.ts';
import { PRIVILEGE_CHECKS } from './checks/privilege.ts';
import { SSH_CHECKS } from './checks/ssh.ts';
import { WEB_CHECKS } from './checks/web.ts';
import type { CheckInfo, Detector } from './detector.ts';
import { PlainWindows } from './sliding/plain-windows.ts';
import type { SlidingCheck, SlidingSettings, Stream } from './sliding/sliding-check.ts';
import { SlidingDetector } from './sliding/sliding-detector.ts';
import type { OpenWindows } from './sliding/windows.ts';
import { SOURCE_GROUPS, type SourceGroups } from './trail/keys.ts';
import type { AgentLists } from './web/agents.ts';
import { KNOWN_AGENTS } from './web/known-agents.ts';

/** The checks that count events in sliding windows, in the order in which findings of one event come. */
export const SLIDING_CHECKS = {
  ...SSH_CHECKS,
  ...MAIL_CHECKS,
  ...PRIVILEGE_CHECKS,
  ...WEB_CHECKS,
  ...NETWORK_CHECKS,
} as const satisfies Readonly<Record<string, SlidingCheck>>;

export type SlidingCheckName = keyof typeof SLIDING_CHECKS;
export type CheckName = SlidingCheckName | 'ssh_login_unknown_ip';

/** What is set for each check; what is left out is as `CHECKS` has it. */
export type CheckSettings = { readonly [K in SlidingCheckName]?: SlidingSettings } & {
  readonly ssh_login_unknown_ip?: KnownLoginSettings;
};

/** A check: what it is, and what it is set to unless the configuration says otherwise. */
export interface Check<S> {
  readonly info: CheckInfo;
  readonly defaults: S;
}

/** Every check there is. */
export const CHECKS = {
  ...(Object.fromEntries(
    Object.entries<SlidingCheck>(SLIDING_CHECKS).map(([name, { info, threshold, window }]) => [
      name,
      { info, defaults: { threshold: threshold?.preset ?? 1, window } },
    ]),
  ) as { readonly [K in SlidingCheckName]: Check<SlidingSettings> }),
  ssh_login_unknown_ip: { info: SSH_LOGIN_UNKNOWN_IP, defaults: KNOWN_LOGIN_PRESETS } as Check<KnownLoginSettings>,
} as const;

export const CHECK_NAMES = Object.keys(CHECKS) as readonly CheckName[];

/** By the name in a finding, which may be of a check that is no more. */
export const checkOf = (name: string): CheckInfo | undefined =>
  Object.hasOwn(CHECKS, name) ? CHECKS[name as CheckName].info : undefined;

/** What all detectors share. */
export interface DetectorOptions {
  readonly groups?: SourceGroups;
  readonly agents?: AgentLists;
  /** Unknown to attackers; any number. Nothing that is found or stored depends on it. */
  readonly salt?: number;
  /** Counts the events of sliding checks; `PlainWindows` where nothing is given. */
  readonly windows?: OpenWindows;
}

const ANY_SALT = 0x5bd1e995;

const plainWindows: OpenWindows = (settings) => new PlainWindows(settings);

/** Detectors for all checks that are enabled: one for each stream, and those of their own kind. */
export function createDetectors(settings: CheckSettings = {}, options: DetectorOptions = {}): readonly Detector[] {
  const { groups = SOURCE_GROUPS, agents = KNOWN_AGENTS, salt = ANY_SALT, windows = plainWindows } = options;
  const byStream = new Map<Stream, (readonly [SlidingCheck, SlidingSettings])[]>();
  for (const [name, check] of Object.entries<SlidingCheck>(SLIDING_CHECKS)) {
    const set = settings[name as SlidingCheckName] ?? CHECKS[name as SlidingCheckName].defaults;
    if (set.enabled === false) continue;
    const sharing = byStream.get(check.stream) ?? [];
    byStream.set(check.stream, sharing);
    sharing.push([check, set]);
  }
  const sliding = [...byStream].map(
    ([stream, checks]) => new SlidingDetector(stream, checks, { groups, agents, salt, windows }),
  );
  const logins = settings.ssh_login_unknown_ip ?? KNOWN_LOGIN_PRESETS;
  return logins.enabled === false ? sliding : [...sliding, new KnownLogins(logins, groups)];
}

const CATEGORIES: ReadonlyMap<string, string> = new Map(CHECK_NAMES.map((name) => [name, CHECKS[name].info.category]));

/** The category of a check; undefined for one that is not here, such as those about the appliance itself. */
export const categoryOf = (check: string): string | undefined => CATEGORIES.get(check);
