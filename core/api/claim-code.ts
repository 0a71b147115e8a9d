/** Crockford's base32: no I, L, O, U, so that nothing read from a serial console or a sticker is ambiguous. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BYTES = 16;
/** 26 characters of 5 bits carry 128; the two bits left over are zero. */
const CHARACTERS = 26;
const GROUPS = /^(.{5})(.{4})(.{4})(.{4})(.{4})(.{5})$/;

/** Writes 16 bytes as a claim code, e.g. `0A1B2-C3D4-E5F6-G7H8-J9KM-NPQRS`. */
export function formatClaimCode(bytes: Uint8Array): string {
  if (bytes.length !== BYTES) throw new RangeError(`a claim code carries ${BYTES} bytes, not ${bytes.length}`);
  let bits = bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n) << 2n;
  let plain = '';
  for (let i = 0; i < CHARACTERS; i++, bits >>= 5n) plain = ALPHABET.charAt(Number(bits & 31n)) + plain;
  return plain.replace(GROUPS, '$1-$2-$3-$4-$5-$6');
}

/**
 * The bare characters of a code as somebody typed it: any case, any dashes and spaces, O for 0, I or L for 1.
 * @returns 26 characters, or undefined when it cannot be a code
 */
export function readClaimCode(typed: string): string | undefined {
  if (typed.length > 128) return undefined;
  const plain = typed
    .toUpperCase()
    .replace(/[\s\-‐-―]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return plain.length === CHARACTERS && [...plain].every((character) => ALPHABET.includes(character))
    ? plain
    : undefined;
}
