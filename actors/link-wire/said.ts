import { shortened } from '../../core/base/printable.ts';
import type { Hex } from '../../core/link/hex.ts';
import { bytesOf } from '../../core/link/hex.ts';
import { LAST_MOMENT } from '../../core/link/order.ts';

/**
 * What an appliance tells has to arrive, whatever a log line had in it: a text is cut and made well-formed, a number brought into
 * bounds, rather than that the receiver refuses the message. What is signed is never treated so.
 */
export const saidText = (value: string, most: number): string => shortened(value, most).toWellFormed();

export const saidCount = (value: number, most: number = Number.MAX_SAFE_INTEGER): number =>
  Number.isNaN(value) ? 0 : Math.trunc(Math.min(most, Math.max(0, value)));

export const saidMoment = (value: number): number => saidCount(value, LAST_MOMENT);

/** No bytes where there is nothing to name. */
export const saidHex = (value: Hex | undefined): Uint8Array => (value === undefined ? NOTHING : bytesOf(value));

export const uuidBytes = (id: string): Uint8Array => bytesOf(id.replaceAll('-', '') as Hex);

const NOTHING = new Uint8Array(0);
