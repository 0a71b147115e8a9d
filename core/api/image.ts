import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Judgement } from '../image/health.ts';
import type { BootCounters, ConfirmOutcome } from '../image/health-text.ts';
import type { Allowance } from '../image/judge-bundle.ts';
import type { Refusal, Slot, SlotName } from '../image/slots.ts';
import type { Needs, Steadiness } from '../image/steadiness.ts';
import type { FailedVersion, LastUpdate } from '../image/update.ts';

/** What everything about the image is answered with where there is none. */
export const NO_APPLIANCE = 'not an appliance image';

/**
 * Where an update is. `idle`: none is on its way. `checking`: its signature and version. `installing`: RAUC writes.
 * `installed`: the next boot takes it. `confirming`: it runs and has to show itself. `unknown`: who
 * waited for RAUC was cut off, as by a new start of the daemon, and RAUC has not come to its end yet; without a
 * version, the daemon has just started and is finding out.
 */
export const UPDATE_PHASES = ['idle', 'checking', 'installing', 'installed', 'confirming', 'unknown'] as const;

export interface UpdateStand {
  readonly phase: (typeof UPDATE_PHASES)[number];
  readonly version?: string;
  readonly source?: string;
  readonly slot?: SlotName;
  /** While it is being installed. */
  readonly percent?: number;
  readonly message?: string;
  readonly since?: Millis;
}

export interface Media {
  readonly path: string;
  readonly bytes: number;
}

/** The image that runs, its slots and what is going on with them. */
export interface ImageStatus {
  readonly version: string;
  readonly isLab: boolean;
  readonly slot?: SlotName;
  /** As RAUC has them; as it had them last while it installs. */
  readonly slots: readonly Slot[];
  /** Why RAUC does not tell. */
  readonly trouble?: string;
  readonly update: UpdateStand;
  readonly health: Judgement & { readonly steady: Steadiness; readonly needs: Needs };
  /** What `bartizan-confirm` says of this boot; absent before it has begun. */
  readonly confirmation?: Omit<ConfirmOutcome, 'counters'>;
  /** As `bartizan-confirm` read them last in this boot; absent since an update was begun in it, which changes them. */
  readonly counters?: BootCounters;
  readonly failedVersions: readonly FailedVersion[];
  readonly last?: LastUpdate;
  /** Bundles on the sticks that are in. */
  readonly media: readonly Media[];
}

export interface InstallOrder {
  readonly source: string;
  readonly allow: Allowance;
  readonly actor: string;
}

/** `no_appliance`; `bad_source`: not a place to install from; `unconfirmed`: the running slot has not shown itself yet. */
export type InstallRefusal = Refusal | 'no_appliance' | 'bad_source' | 'unconfirmed' | 'older' | 'failed_before';

/** Nothing here waits for an installation; how it goes is in the status. */
export interface Images {
  /** Undefined where this machine is no appliance. */
  status(): Promise<ImageStatus | undefined>;
  /** Resolves when the bundle was judged and its installation has begun. One at a time; it cannot be cancelled. */
  install(order: InstallOrder): Promise<Result<UpdateStand, InstallRefusal>>;
  reboot(): Promise<Result<void, 'no_appliance' | 'busy' | 'failed'>>;
  /** @param confirm the serial of this device, as a word that this very device is meant */
  factoryReset(confirm: string): Promise<Result<void, 'no_appliance' | 'wrong_serial' | 'busy' | 'failed'>>;
  /** Where an update is now. */
  stand(): UpdateStand;
  /** Called with each step. Returns the unsubscriber. */
  onProgress(listener: (stand: UpdateStand) => void): () => void;
}
