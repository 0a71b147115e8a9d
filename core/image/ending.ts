import type { ImageSums, Slot } from './slots.ts';
import type { LastUpdate, PendingUpdate } from './update.ts';

/** What is known of an installation that is over, besides the slot. */
export interface Said {
  /** RAUC's program has come to its end and said that all is well; false where nobody was there to hear it. */
  readonly isDone: boolean;
  /** RAUC's word on a failure. */
  readonly lastError: string;
}

export type Ending =
  | { readonly result: 'installed' }
  | { readonly result: Extract<LastUpdate['result'], 'failed' | 'interrupted' | 'refused'>; readonly why: string };

/**
 * What truly became of an installation, by the slot that it was for: between the look at a bundle and its installation
 * whoever serves it may put another one in its place, of good signature and another version.
 */
export function endOf(pending: PendingUpdate, slot: Slot | undefined, { isDone, lastError }: Said): Ending {
  const { to, writtenBefore } = pending;
  const difference = slot === undefined ? undefined : differenceOf(pending, slot);
  const isWhole = slot?.version !== undefined;
  if (isWhole && difference === undefined && slot.isFirst) return { result: 'installed' };
  // What an installation that failed early has left alone is what was there before it.
  const isWritten = isDone || (slot?.isFirst === true && slot.installedAt !== writtenBefore);
  if (isWhole && difference !== undefined && isWritten) return { result: 'refused', why: difference };
  if (lastError !== '') return { result: 'failed', why: lastError };
  if (!isDone) return { result: 'interrupted', why: 'RAUC did not come to its end' };
  const wrong = isWhole ? 'is not what is booted next' : 'is not whole';
  return { result: 'failed', why: `RAUC has said that all is well, and slot ${to.slot} ${wrong}` };
}

/** In what a slot is not what was looked at; undefined where it is. */
function differenceOf({ to, sums = {} }: PendingUpdate, { version, sums: held = {} }: Slot): string | undefined {
  const but = `and not what was looked at before`;
  if (version !== to.version) return `slot ${to.slot} was given version ${version ?? '?'}, ${but} (${to.version})`;
  const other = firstOther(sums, held);
  return other === undefined ? undefined : `slot ${to.slot} was given another ${other} of version ${version}, ${but}`;
}

/** What only one of the two knows says nothing. */
const firstOther = (looked: ImageSums, held: ImageSums): string | undefined =>
  Object.keys(looked).find((name) => held[name] !== undefined && held[name] !== looked[name]);
