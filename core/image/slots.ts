/** Two of everything that is booted: one runs, an update is written to the other. */
export const SLOT_NAMES = ['A', 'B'] as const;
export type SlotName = (typeof SLOT_NAMES)[number];

/** How often a slot is started without being marked good. */
export const TRIES = 3;

export const otherSlot = (name: SlotName): SlotName => (name === 'A' ? 'B' : 'A');

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
