import { asCrockford, CROCKFORD, crockford, isCrockford } from '../base/crockford.ts';

/** A device's serial as it is printed, e.g. `4K7Q-M2XW-9T9`: ten characters of Crockford's base32 and a check character. */
export type Serial = string & { readonly kind: 'serial' };

/** 50 bits: of 100,000 devices two have the same with a chance of less than one in 200,000. */
const CHARACTERS = 10;
const GROUPS = /^(.{4})(.{4})(.{3})$/;

/** Makes a serial of the first 50 bits of a digest. */
export function serialOf(digest: Uint8Array): Serial {
  const data = crockford(digest, CHARACTERS);
  return (data + checkOf(data)).replace(GROUPS, '$1-$2-$3') as Serial;
}

/** A serial as somebody typed it, e.g. in small letters or without dashes; undefined when it is none, or mistyped. */
export function readSerial(typed: string): Serial | undefined {
  if (typed.length > 64) return undefined;
  const plain = asCrockford(typed);
  if (plain.length !== CHARACTERS + 1 || !isCrockford(plain)) return undefined;
  const isWhole = checkOf(plain.slice(0, CHARACTERS)) === plain.charAt(CHARACTERS);
  return isWhole ? (plain.replace(GROUPS, '$1-$2-$3') as Serial) : undefined;
}

/**
 * A weighted sum in the field of 32 elements, where each place's weight is another power of a generator: every single
 * wrong character is noticed, and every swap of two.
 */
function checkOf(data: string): string {
  let weight = 1;
  let sum = 0;
  for (const character of data) {
    weight = times(weight, 2);
    sum ^= times(weight, CROCKFORD.indexOf(character));
  }
  return CROCKFORD.charAt(sum);
}

/** Modulo x⁵ + x² + 1, of which 2 is a generator. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 5; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 8; bit >= 5; bit--) if ((product >> bit) & 1) product ^= 0b100101 << (bit - 5);
  return product;
}

/** What manufacturers leave where nobody wrote a number. */
const PLACEHOLDERS =
  /^(?:to be filled.*|system serial.*|default.*|none|null|n\/?a|not (?:specified|applicable|available|defined).*|unknown|oem.*|o\.e\.m\..*|chassis.*|empty|sn|serial.*|invalid|0?123456789.*|01234567.*|xx.*|x+|\.+)$/i;

/** Whether the number in the machine's DMI table tells this machine from others. */
export function isRealProductSerial(text: string): boolean {
  const serial = text.trim();
  if (serial.length < 4 || serial.length > 200 || PLACEHOLDERS.test(serial)) return false;
  const letters = new Set(serial.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
  return letters.size > 1;
}
