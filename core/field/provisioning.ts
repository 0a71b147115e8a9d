/**
 * Why a config is not taken for provisioning. `claimed`: somebody administers the appliance. `provisioned`: one was taken
 * already. `used`: this very one was taken before, and the volume or credential could not be marked. `invalid`: the
 * config is wrong. `unreadable`: it, or the state, cannot be read. `failed`: the disk refused; nothing was changed.
 */
export const PROVISION_REFUSALS = ['claimed', 'provisioned', 'used', 'invalid', 'unreadable', 'failed'] as const;
export type ProvisionRefusal = (typeof PROVISION_REFUSALS)[number];

/** What is known of an appliance before it takes a config. */
export interface Standing {
  readonly isClaimed: boolean;
  /** The content of the state's `provisioned`, if it is there. */
  readonly provisioned?: string;
  /** SHA-256 of configs that were taken before and could not be marked as used. */
  readonly used: readonly string[];
  /** SHA-256 of the config whose taking was begun and did not come to its end: the power failed. */
  readonly begun?: string;
  /** SHA-256 of the config in the state as it stands. */
  readonly present?: string;
}

const ADMINISTERED = 'somebody administers it already, and changes its settings in its console';
/** Origin of a mark that was set because somebody had claimed the appliance. */
export const CLAIMED = 'claim';

/** Whether this very config was taken, and only the word on that, for where it came from, is left to be given. */
export const isTakenUp = ({ provisioned, begun }: Standing, sha256: string): boolean =>
  provisioned !== undefined && begun === sha256 && markOf(provisioned).sha256 === sha256;

/**
 * Whether a config of this SHA-256 may be taken, and if not, why, for a person. What was begun with it before the power
 * failed is gone on with; what was begun with another counts when that one is in place.
 */
export function mayProvision(
  standing: Standing,
  sha256: string,
):
  | { readonly code: Extract<ProvisionRefusal, 'claimed' | 'provisioned' | 'used'>; readonly message: string }
  | undefined {
  const { isClaimed, provisioned, used, begun, present } = standing;
  if (isTakenUp(standing, sha256)) return undefined;
  if (provisioned !== undefined) {
    const { at, origin } = markOf(provisioned);
    if (origin === CLAIMED) return { code: 'claimed', message: ADMINISTERED };
    return { code: 'provisioned', message: `it was provisioned already, at ${at} from ${origin}` };
  }
  if (isClaimed) return { code: 'claimed', message: ADMINISTERED };
  if (begun === sha256) return undefined;
  if (begun !== undefined && begun === present) {
    return { code: 'provisioned', message: 'another config was taken already, and the power failed while it was' };
  }
  if (used.includes(sha256)) return { code: 'used', message: 'this very config was taken before a factory reset' };
  return undefined;
}

/** That an appliance was provisioned, as `provisioned` in its state says it: `key=value` lines. */
export interface ProvisionMark {
  /** Of the config as it was given, 64 hex digits; `claim` where none was. */
  readonly sha256: string;
  /** RFC 3339, by the clock of then. */
  readonly at: string;
  /** Where it came from, e.g. `volume BZCONF`; one line. */
  readonly origin: string;
}

export const markText = ({ sha256, at, origin }: ProvisionMark): string =>
  `sha256=${sha256}\nat=${at}\norigin=${origin.replaceAll(/[^\x20-\x7e]/gu, '?').slice(0, 200)}\n`;

/** Reads a mark; what is missing or damaged is `unknown`: the mark counts all the same. */
export function markOf(text: string): ProvisionMark {
  const value = (key: string): string => new RegExp(`^${key}=(.+)$`, 'm').exec(text)?.[1] ?? 'unknown';
  return { sha256: value('sha256'), at: value('at'), origin: value('origin') };
}
