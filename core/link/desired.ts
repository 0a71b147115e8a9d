import { ageOf, type Taken } from './generations.ts';
import type { Hex } from './hex.ts';
import type { OrderOf } from './order.ts';
import type { DesiredStanding, DesiredState } from './reported.ts';

/** How the appliance stands with what the fleet desires. Plain data, written to disk with every step. */
export interface DesiredBook {
  /** What came last, and what became of it; undefined: nothing came yet. */
  readonly last: (Taken & { readonly standing: DesiredStanding; readonly text: string }) | undefined;
  /** What was acted upon last: tried, however that ended, or found impossible. Nothing older is acted upon again. */
  readonly taken: Taken | undefined;
  /** What is in effect and confirmed. */
  readonly confirmed: Taken | undefined;
}

export const NOTHING_DESIRED: DesiredBook = { last: undefined, taken: undefined, confirmed: undefined };

/** What is to be done about an accepted order. `propose`: a change on trial; `waiting`: once the change that is on trial has ended. */
export type DesiredStep =
  | { readonly kind: 'propose' }
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'conflict'; readonly text: string }
  | { readonly kind: 'nothing' };

/**
 * Decides about an order the judge accepted. An order whose parent is not in effect is a conflict and counts for nothing: the
 * parent may only be late, and then both are done, in whatever order they came.
 * @param otherChange one line about the change that is on trial; undefined: none is
 */
export function decideDesired(
  book: DesiredBook,
  order: OrderOf<'desired'>,
  digest: Hex,
  otherChange: string | undefined,
): DesiredStep {
  if (ageOf(book.taken, { generation: order.generation, order: digest }) !== 'newer') return { kind: 'nothing' };
  if (otherChange !== undefined) return { kind: 'waiting', text: `waits for a change to end: ${otherChange}` };
  if (order.desired.parent === book.confirmed?.order) return { kind: 'propose' };
  const [wanted, there] = [order.desired.parent, book.confirmed?.order].map((hash) => hash?.slice(0, 12) ?? 'nothing');
  return { kind: 'conflict', text: `follows ${wanted}, but ${there} is in effect` };
}

/** What happened to an order: of these steps `conflict` and `waiting` leave all as it was but what is reported. */
export type DesiredEvent =
  | { readonly kind: 'on_trial' }
  | { readonly kind: 'waiting' | 'conflict' | 'refused'; readonly text: string }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'reverted'; readonly text: string };

/** The book after it. @param order generation and digest of the order it happened to */
export function noted(book: DesiredBook, order: Taken, event: DesiredEvent): DesiredBook {
  const last = { ...order, standing: event.kind, text: 'text' in event ? event.text : '' };
  // What ended long ago does not hide what came since.
  const shown = book.last !== undefined && book.last.generation > order.generation ? book.last : last;
  if (event.kind === 'conflict' || event.kind === 'waiting') return { ...book, last: shown };
  const taken = ageOf(book.taken, order) === 'newer' ? order : book.taken;
  return { last: shown, taken, confirmed: event.kind === 'confirmed' ? order : book.confirmed };
}

/** As it is reported. @param changedHere dotted paths that the fleet decides and that somebody changed here since */
export const reportedDesired = ({ last, confirmed }: DesiredBook, changedHere: readonly string[]): DesiredState => ({
  generation: last?.generation ?? 0,
  order: last?.order,
  standing: last?.standing ?? 'none',
  text: last?.text ?? '',
  confirmedGeneration: confirmed?.generation ?? 0,
  confirmedOrder: confirmed?.order,
  changedHere,
});
