import type { Millis } from '../base/time.ts';
import type { Facts } from './health.ts';
import { type ImageSums, otherSlot, type SlotName } from './slots.ts';

/** A version in a slot. */
export interface Installed {
  readonly slot: SlotName;
  readonly version: string;
}

/** An update on its way, written down before RAUC is asked, so that the next start knows what it finds. */
export interface PendingUpdate {
  readonly to: Installed;
  readonly from: Installed;
  readonly source: string;
  /** `installing`: RAUC was asked. `installed`: it has said that it is done; the next boot takes the new version. */
  readonly phase: 'installing' | 'installed';
  /** Of the boot in which it was asked for. */
  readonly bootId: string;
  /** Wall clock. */
  readonly at: Millis;
  /** Who asked. */
  readonly actor: string;
  /** How the subsystems were before. */
  readonly before: Facts;
  /** Of the bundle that was looked at; what is in the slot in the end must have them, too. */
  readonly sums?: ImageSums;
  /** When the slot was written last before that, as RAUC has it. */
  readonly writtenBefore?: string;
}

/** A version that was tried and did not hold. It is not installed again unless asked for by name. */
export interface FailedVersion {
  readonly version: string;
  readonly at: Millis;
  readonly why: string;
}

/**
 * `confirmed`, `fell_back`: of its trial. `failed`: RAUC has not installed it. `interrupted`: it was not written to its end.
 * `refused`: what was written is not what was looked at before.
 */
export const UPDATE_RESULTS = ['confirmed', 'fell_back', 'failed', 'interrupted', 'refused'] as const;

/** How the last update ended. */
export interface LastUpdate {
  readonly version: string;
  readonly result: (typeof UPDATE_RESULTS)[number];
  readonly at: Millis;
  readonly why: string;
  /** Of the boot in which it was asked for; what an earlier version kept has none. */
  readonly bootId?: string;
}

/** What is remembered of updates, across boots of either slot. */
export interface UpdateMemory {
  readonly pending?: PendingUpdate;
  readonly failed: readonly FailedVersion[];
  readonly last?: LastUpdate;
}

export const NO_MEMORY: UpdateMemory = { failed: [] };

/** Whether an update was begun in this boot: the slots and the boot loader's order are no longer what they were at its start. */
export const isBegunIn = ({ pending, last }: UpdateMemory, bootId: string): boolean =>
  (pending ?? last)?.bootId === bootId;

/**
 * Whether the boot loader passed a slot over that nothing is known against: it was confirmed, or flashed, and has lost its tries
 * since, by power cuts while it started or by damage. Where an update has ended otherwise that is told already.
 */
export const isLostUntold = ({ pending, last }: UpdateMemory): boolean =>
  pending === undefined && (last === undefined || last.result === 'confirmed');

/** The running system, as a start finds it. */
export interface Here extends Installed {
  readonly bootId: string;
  /** What the slot that does not run holds, whole; absent where that is not known, or it is not whole. */
  readonly otherVersion?: string;
}

/**
 * What a pending update has become. `trial`: its version runs and has to show itself. `waiting`: it is written, and no boot
 * was since. `unknown`: RAUC may be at it still. `fell_back`: it was booted and did not hold. `interrupted`: it was never
 * wholly written. `superseded`: its slot has been given something else since.
 */
export type PendingState = 'trial' | 'waiting' | 'unknown' | 'fell_back' | 'interrupted' | 'superseded';

export function stateOf({ to, phase, bootId }: PendingUpdate, here: Here): PendingState {
  if (here.slot === to.slot) return here.version === to.version ? 'trial' : 'superseded';
  if (here.bootId === bootId) return phase === 'installed' ? 'waiting' : 'unknown';
  // The power may have failed between RAUC's last step and our word on it.
  return phase === 'installed' || here.otherVersion === to.version ? 'fell_back' : 'interrupted';
}

const MOST_FAILED = 20;

/** With one more version that did not hold; of one version the last time counts. */
export const withFailed = (failed: readonly FailedVersion[], one: FailedVersion): readonly FailedVersion[] =>
  [...failed.filter(({ version }) => version !== one.version), one].slice(-MOST_FAILED);

export const withoutFailed = (failed: readonly FailedVersion[], version: string): readonly FailedVersion[] =>
  failed.filter((one) => one.version !== version);

/** A pending update that ended, taken out of the memory. */
export function ended(memory: UpdateMemory, last: LastUpdate): UpdateMemory {
  const { version, result, at, why } = last;
  const failed =
    result === 'fell_back'
      ? withFailed(memory.failed, { version, at, why })
      : result === 'confirmed'
        ? withoutFailed(memory.failed, version)
        : memory.failed;
  return { failed, last };
}

/** The update that is to be written down when RAUC is about to be asked. */
export const begun = (
  { slot, version, bootId }: Here,
  { version: next, ...about }: Omit<PendingUpdate, 'to' | 'from' | 'phase' | 'bootId'> & { readonly version: string },
): PendingUpdate => ({
  ...about,
  to: { slot: otherSlot(slot), version: next },
  from: { slot, version },
  phase: 'installing',
  bootId,
});
