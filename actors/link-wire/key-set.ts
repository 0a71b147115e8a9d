import type { Millis } from '../../core/base/time.ts';
import { type Key, type KeySet, keySetTrouble, MOST_KEYS } from '../../core/link/keys.ts';
import type { bartizan } from '../../proto/index.ts';
import { distinct, each, enumerated, filledText, hex, Malformed, moment } from './checks.ts';
import { isWeakKey } from './ed25519.ts';
import { saidHex } from './said.ts';
import { ORDER_KIND } from './words.ts';

type Wire = bartizan.v1.KeySet.$Properties;

/** A kind that this version does not know is refused, too: what a key may do is understood whole or not at all. */
export function keySet(message: Wire): KeySet {
  const set = { keys: each(message.keys, 'keys', MOST_KEYS, readKey, 1) };
  const trouble = keySetTrouble(set);
  if (trouble !== undefined) throw new Malformed('keys', trouble);
  return set;
}

function readKey(message: bartizan.v1.Key.$Properties): Key {
  const publicKey = hex(message.publicKey, 'public_key', 32);
  if (isWeakKey(publicKey)) throw new Malformed('public_key', 'is a key for which anybody can sign');
  const kinds = each(
    message.kinds,
    'kinds',
    ORDER_KIND.words.size,
    (kind) => enumerated(kind, 'kind', ORDER_KIND.words),
    1,
  );
  const until = moment(message.notAfter, 'not_after');
  return {
    publicKey,
    name: filledText(message.name, 'name', 64),
    kinds: distinct(kinds, 'kinds', (kind) => kind),
    notBefore: moment(message.notBefore, 'not_before'),
    notAfter: until === 0 ? 'never' : until,
  };
}

export const keySetMessage = ({ keys }: KeySet): Wire => ({
  keys: keys.map(({ publicKey, name, kinds, notBefore, notAfter }) => ({
    publicKey: saidHex(publicKey),
    name,
    kinds: kinds.map((kind) => ORDER_KIND.numbers[kind]),
    notBefore,
    notAfter: notAfter === 'never' ? (0 as Millis) : notAfter,
  })),
});
