import { asCrockford, crockford, isCrockford } from '../base/crockford.ts';
import { codeIn } from '../field/claim-text.ts';

const BYTES = 16;
/** 26 characters of 5 bits carry 128; the two bits left over are zero. */
const CHARACTERS = 26;
const GROUPS = /^(.{5})(.{4})(.{4})(.{4})(.{4})(.{5})$/;

/** Writes 16 bytes as a claim code, e.g. `0A1B2-C3D4-E5F6-G7H8-J9KM-NPQRS`. */
export function formatClaimCode(bytes: Uint8Array): string {
  if (bytes.length !== BYTES) throw new RangeError(`a claim code carries ${BYTES} bytes, not ${bytes.length}`);
  return crockford(bytes, CHARACTERS).replace(GROUPS, '$1-$2-$3-$4-$5-$6');
}

/**
 * The bare characters of a code as somebody typed it: any case, any dashes and spaces, O for 0, I or L for 1. The whole
 * text of a scanned QR code will do.
 * @returns 26 characters, or undefined when it cannot be a code
 */
export function readClaimCode(typed: string): string | undefined {
  if (typed.length > 128) return undefined;
  const plain = asCrockford(codeIn(typed));
  return plain.length === CHARACTERS && isCrockford(plain) ? plain : undefined;
}
