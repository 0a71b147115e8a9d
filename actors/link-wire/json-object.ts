import { Malformed } from './checks.ts';

const DEEPEST = 32;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A JSON object in UTF-8, at most 256 KiB; numbers that JSON cannot give back and keys that reach prototypes are refused. */
export function jsonObject(bytes: Uint8Array, place: string): Readonly<Record<string, unknown>> {
  if (bytes.length > 256 * 1024) throw new Malformed(place, 'is longer than 256 KiB');
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new Malformed(place, 'is no JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Malformed(place, 'is no JSON object');
  }
  checkJson(value, place, 0);
  return value as Readonly<Record<string, unknown>>;
}

function checkJson(value: unknown, place: string, depth: number): void {
  if (depth > DEEPEST) throw new Malformed(place, `is more than ${DEEPEST} levels deep`);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Malformed(place, 'has a number that is too large');
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__') throw new Malformed(place, 'has a key "__proto__"');
    checkJson(inner, place, depth + 1);
  }
}

export const jsonBytes = (value: Readonly<Record<string, unknown>>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(value));

/** UTF-8 that is. */
export function utf8(bytes: Uint8Array, place: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Malformed(place, 'is no UTF-8');
  }
}
