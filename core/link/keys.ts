import { sha256 } from '@noble/hashes/sha2.js';
import { fail, ok, type Result } from '../base/result.ts';
import type { Deadline, Millis } from '../base/time.ts';
import { bytesOf, type Hex, hexOf } from './hex.ts';
import { type OrderKind, SKEW } from './order.ts';

/** At most so many keys in a set. */
export const MOST_KEYS = 16;

/** The first 8 bytes of the SHA-256 of a public key. */
export type KeyId = Hex & { readonly of: 'key' };

/** A key of controllers. */
export interface Key {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Hex;
  /** For people, e.g. `ops 2026`. */
  readonly name: string;
  readonly kinds: readonly OrderKind[];
  /** From when it is believed; 0: from the beginning. */
  readonly notBefore: Millis;
  /** Until when. */
  readonly notAfter: Deadline;
}

/** All keys that are to be believed. */
export interface KeySet {
  readonly keys: readonly Key[];
}

/** The key set in effect. Plain data: it is kept as it is. */
export interface KeyRing {
  readonly generation: number;
  readonly keys: readonly Key[];
}

export const keyIdOf = (publicKey: Hex): KeyId => hexOf(sha256(bytesOf(publicKey)).subarray(0, 8)) as KeyId;

/**
 * A ring of a key set: from enrolment, or one that was judged.
 * @returns malformed: no key may order `keys`, two are the same, or there are too many
 */
export function ringOf(set: KeySet, generation: number): Result<KeyRing, 'malformed'> {
  const trouble = keySetTrouble(set);
  return trouble === undefined ? ok({ generation, keys: set.keys }) : fail('malformed', trouble);
}

/** What is wrong with a key set, for people; undefined when nothing is. */
export function keySetTrouble({ keys }: KeySet): string | undefined {
  if (keys.length > MOST_KEYS) return `a key set has at most ${MOST_KEYS} keys, this one ${keys.length}`;
  if (!keys.some((key) => key.kinds.includes('keys'))) return 'a key set needs a key that may order keys';
  const ids = keys.map((key) => keyIdOf(key.publicKey));
  const twice = keys.find((_, i) => ids.indexOf(ids[i] as KeyId) !== i);
  return twice === undefined ? undefined : `the key "${twice.name}" is in the set twice`;
}

/** The key of that id, believed or not yet or no longer. */
export const keyOf = (set: KeySet, id: KeyId): Key | undefined => set.keys.find((key) => keyIdOf(key.publicKey) === id);

/** Whether a key's time is now, give or take the skew of clocks. */
export function standingOf(key: Key, now: Millis): 'believed' | 'not_yet' | 'past' {
  if (key.notBefore > now + SKEW) return 'not_yet';
  return key.notAfter !== 'never' && key.notAfter + SKEW < now ? 'past' : 'believed';
}

export const mayOrder = (key: Key, kind: OrderKind): boolean => key.kinds.includes(kind);

/**
 * Whether signatures suffice to put a key set in the place of another: one of a believed key that may order `keys`, and one of a
 * key of the new set that may, so that nobody locks everybody out with keys that are not had. A key that is in both is both.
 * @param believed keys of the ring in effect whose signature over the order is good
 * @param renewed keys of the new set whose signature over the order is good
 */
export const mayRotate = (believed: readonly Key[], renewed: readonly Key[]): boolean =>
  believed.some((key) => mayOrder(key, 'keys')) && renewed.some((key) => mayOrder(key, 'keys'));

/** Whether two sets say the same, in whatever order. */
export function sameKeys(a: KeySet, b: KeySet): boolean {
  const texts = (set: KeySet): string => JSON.stringify(set.keys.map(keyText).sort());
  return texts(a) === texts(b);
}

const keyText = ({ publicKey, name, kinds, notBefore, notAfter }: Key): string =>
  JSON.stringify([publicKey, name, [...kinds].sort(), notBefore, notAfter]);
