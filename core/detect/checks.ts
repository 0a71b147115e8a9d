import { minutes } from '../base/time.ts';
import type { CheckInfo, Detector } from './detector.ts';
import { createSshBruteforce, SSH_BRUTEFORCE, type SshBruteforceSettings } from './ssh-bruteforce.ts';

/** A check: what it is, what it is set to unless the configuration says otherwise, and how to make its detector. */
export interface Check<S> {
  readonly info: CheckInfo;
  readonly defaults: S;
  readonly create: (settings: S) => Detector;
}

/** The settings of every check, by its name. */
export interface CheckSettings {
  readonly ssh_bruteforce: SshBruteforceSettings;
}

export type CheckName = keyof CheckSettings;

/** Every check there is. */
export const CHECKS: { readonly [K in CheckName]: Check<CheckSettings[K]> } = {
  ssh_bruteforce: {
    info: SSH_BRUTEFORCE,
    defaults: { threshold: 5, window: minutes(10), maxSources: 100_000 },
    create: createSshBruteforce,
  },
};

export const CHECK_NAMES = Object.keys(CHECKS) as readonly CheckName[];

/** One detector for each check, with its defaults where `settings` has nothing. */
export const createDetectors = (settings: Partial<CheckSettings> = {}): readonly Detector[] =>
  CHECK_NAMES.map((name) => createDetector(name, settings));

const createDetector = <K extends CheckName>(name: K, settings: Partial<CheckSettings>): Detector => {
  const check: Check<CheckSettings[K]> = CHECKS[name];
  return check.create(settings[name] ?? check.defaults);
};

const CATEGORIES: ReadonlyMap<string, string> = new Map(CHECK_NAMES.map((name) => [name, CHECKS[name].info.category]));

/** The category of checks about somebody who tries one secret after another. */
export const BRUTE_FORCE = SSH_BRUTEFORCE.category;

/** The category of a check; undefined for one that is not here, such as those about the appliance itself. */
export const categoryOf = (check: string): string | undefined => CATEGORIES.get(check);
