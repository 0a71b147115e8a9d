/** Two of everything that is booted: one runs, an update is written to the other. */
export const SLOT_NAMES = ['A', 'B'] as const;
export type SlotName = (typeof SLOT_NAMES)[number];

/** How often a slot is started without being marked good. */
export const TRIES = 3;

export const otherSlot = (name: SlotName): SlotName => (name === 'A' ? 'B' : 'A');

/**
 * SHA-256 of each image of a bundle, hex, by the class of the slot that it goes into: `kernel`, `rootfs`. They tell bundles
 * of one version apart. Empty where RAUC does not say them.
 */
export type ImageSums = Readonly<Record<string, string>>;

/** A slot: kernel and root file system together, as RAUC knows them. */
export interface Slot {
  readonly name: SlotName;
  readonly isBooted: boolean;
  /** The boot loader tries it first. */
  readonly isFirst: boolean;
  /** RAUC's word on the boot loader's counters: `good` is marked good and has no try used up since. */
  readonly state: 'good' | 'bad';
  /** Of the bundle that was written to it; absent where none ever was, or writing it did not come to its end. */
  readonly version?: string;
  /** RFC 3339, by the clock of then. */
  readonly installedAt?: string;
  /** Of what was written; there with the version. */
  readonly sums?: ImageSums;
}

/** Both slots, and what a bundle must be made for to be taken. */
export interface SlotsView {
  readonly slots: readonly Slot[];
  readonly compatible: string;
}

/** What a bundle says of itself, its signature checked. */
export interface BundleFacts {
  readonly version: string;
  readonly compatible: string;
  readonly sums?: ImageSums;
}

/** What RAUC's service is at, whoever has asked for it. */
export interface Work {
  readonly isInstalling: boolean;
  /** Of the installation that runs, or of the last one. */
  readonly progress?: Progress;
  /** Why the last installation failed, in RAUC's words; empty where it did not, or there was none since the service started. */
  readonly lastError: string;
}

/** One line of an installation. */
export interface Progress {
  /** 0 to 100, never falling within one installation. */
  readonly percent: number;
  /** What is being done, in RAUC's words. */
  readonly message: string;
}

/**
 * Why a bundle is not taken. `foreign`: signed by somebody else, or by nobody. `damaged`: its bytes are not what was
 * signed. `incompatible`: made for another kind of machine. `no_space`: does not fit the slot. `unreachable`: there is no
 * such file, or the server does not answer. `crashed`: RAUC's service went away at it. `busy`: another one is being
 * installed. `unavailable`: RAUC does not answer. `failed`: anything else.
 */
export const REFUSALS = [
  'foreign',
  'damaged',
  'incompatible',
  'no_space',
  'unreachable',
  'crashed',
  'busy',
  'unavailable',
  'failed',
] as const;
export type Refusal = (typeof REFUSALS)[number];
