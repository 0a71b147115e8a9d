/** Of a target so much is looked at: beyond, servers refuse it. */
const LONGEST = 8192;

/** Clients hide behind an encoding of the encoding; servers that decode twice exist, thrice is not known. */
const ROUNDS = 2;

/**
 * A path or query as a server that decodes it would see it: percent signs undone, twice if need be, and SQL's comment
 * marks as blanks. Bytes above ASCII become characters of their number, which no word that is looked for has; overlong
 * UTF-8 (`%c0%ae`) becomes what it hides.
 */
export function decoded(text: string): string {
  let seen = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  for (let round = 0; round < ROUNDS && seen.includes('%'); round++) seen = percentDecoded(seen);
  return seen.includes('/*') ? seen.replaceAll('*/', ' ').replace(/\/\*!?\d*/g, ' ') : seen;
}

/** A percent sign that no two hexadecimal digits follow stays as it is. */
function percentDecoded(text: string): string {
  const [head = '', ...parts] = text.split('%');
  let out = head;
  /** The first byte of an overlong pair, if that came last. */
  let lead = 0;
  for (const part of parts) {
    const byte = byteOf(part);
    if (byte < 0) {
      out += `%${part}`;
      lead = 0;
      continue;
    }
    if (lead !== 0 && byte >= 0x80 && byte < 0xc0) {
      out = out.slice(0, -1) + String.fromCharCode(((lead & 1) << 6) | (byte & 0x3f));
    } else out += String.fromCharCode(byte);
    lead = part.length === 2 && (byte === 0xc0 || byte === 0xc1) ? byte : 0;
    out += part.slice(2);
  }
  return out;
}

/** Of the first two characters; -1 when they are no hexadecimal digits. */
function byteOf(text: string): number {
  const [high, low] = [digitOf(text.charCodeAt(0)), digitOf(text.charCodeAt(1))];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
