import { type Millis, rfc3339 } from '../base/time.ts';
import type { CommandWindow } from './commands.ts';
import type { Envelope, EnvelopeReader } from './envelope.ts';
import { ageOf, type Generations, isTaken } from './generations.ts';
import type { Hex } from './hex.ts';
import { type Key, type KeyRing, type KeySet, keyOf, mayOrder, mayRotate, sameKeys, standingOf } from './keys.ts';
import { kindOf, LAST_MOMENT, LONGEST_COMMAND, lineOf, type Order, type OrderOf, SKEW } from './order.ts';

export const REFUSALS = [
  'too_long',
  'malformed',
  'unknown_key',
  'bad_signature',
  'wrong_tenant',
  'wrong_target',
  'not_yet',
  'expired',
  'kind_not_allowed',
  'replayed',
  'overtaken',
  'older_generation',
  'busy',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

/** Who judges. Only appliances are ordered to do things; controllers follow leases and keys of their fleet. */
export type Recipient = { readonly tenant: string } & (
  | { readonly role: 'appliance'; readonly serial: string }
  | { readonly role: 'controller' }
);

/** What a judgement depends on besides the envelope. */
export interface Bench {
  readonly reader: EnvelopeReader;
  readonly recipient: Recipient;
  readonly ring: KeyRing;
  /** What was acted upon, by line; keys have theirs in the ring. */
  readonly taken: Generations;
  readonly commands: CommandWindow;
  /** `isSet`: whether the wall clock can be believed yet. */
  readonly clock: { readonly now: Millis; readonly isSet: boolean };
}

/**
 * `known`: this very order was acted upon already, as retained ones come again with each connection; nothing is to be done or told.
 * `waiting`: all is well but for the clock, which is not set yet: to be judged again once it is.
 */
export type Verdict =
  | Accepted
  | { readonly kind: 'known'; readonly digest: Hex }
  | { readonly kind: 'waiting'; readonly digest: Hex; readonly order: Order }
  | Refused;

export interface Accepted {
  readonly kind: 'accepted';
  readonly order: Order;
  /** SHA-256 of the payload. */
  readonly digest: Hex;
  /** Believed keys that signed it and may order this kind: at least one. */
  readonly signers: readonly [Key, ...Key[]];
}

/** Nothing is to be done. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** For people: what and where. */
  readonly text: string;
  /** Who signed; undefined where no signature is good, so that nobody fills a log with names of keys. */
  readonly signer: Key | undefined;
  /** Only where it was signed by a believed key. */
  readonly order: Order | undefined;
}

/**
 * Whether something that arrived is to be done. It does not matter where it arrived, nor in which order: all that counts is what
 * was signed, and what was acted upon before. Total: whatever the bytes are, there is a verdict.
 */
export function judge(bytes: Uint8Array, bench: Bench): Verdict {
  const envelope = bench.reader.envelope(bytes);
  if (!envelope.ok) return refused(envelope.code, envelope.public);
  const digest = bench.reader.digest(envelope.value.payload);
  const verdict = judgeEnvelope(envelope.value, digest, bench);
  // Keys come and go: what is in effect is no news for all that.
  const isOld = verdict.kind === 'refused' && OUTLIVED.has(verdict.code) && isTaken(bench.taken, digest);
  return isOld ? { kind: 'known', digest } : verdict;
}

/** Why an order that was accepted may not even be read later. */
const OUTLIVED: ReadonlySet<RefusalCode> = new Set(['unknown_key', 'not_yet']);

function judgeEnvelope(envelope: Envelope, digest: Hex, bench: Bench): Verdict {
  const signers = signersOf(envelope, bench);
  if ('code' in signers) return signers;
  const [signer] = signers;
  const read = bench.reader.order(envelope.payload);
  if (!read.ok) return { ...refused(read.code, read.public), signer };
  const order = read.value;
  const refuse = (code: RefusalCode, text: string): Refused => ({ ...refused(code, text), signer, order });

  const astray = targetTrouble(order, bench.recipient);
  if (astray !== undefined) return refuse(...astray);
  const age = ageOfOrder(order, digest, bench);
  // Before all that passes with time: what was done is answered with what came of it, also when it is long expired.
  if (age === 'same') return { kind: 'known', digest };
  if (age === 'replayed') return refuse(age, AGE_TEXTS[age]);
  const untimely = timeTrouble(order, bench.clock);
  if (untimely !== undefined) return refuse(...untimely);
  const able = signers.filter((key) => mayOrder(key, kindOf(order)));
  if (!isSome(able)) return refuse('kind_not_allowed', `"${signer.name}" may not order ${kindOf(order)}`);
  const renewal = order.kind === 'keys' ? renewalTrouble(order.keys, able, envelope, bench) : undefined;
  if (renewal !== undefined) return refuse(...renewal);
  if (age !== 'new') return refuse(age, AGE_TEXTS[age]);
  return bench.clock.isSet ? { kind: 'accepted', order, digest, signers: able } : { kind: 'waiting', digest, order };
}

type Trouble = readonly [RefusalCode, string];
type Some<T> = readonly [T, ...T[]];
const isSome = <T>(list: readonly T[]): list is Some<T> => list.length > 0;

const refused = (code: RefusalCode, text: string): Refused => ({
  kind: 'refused',
  code,
  text,
  signer: undefined,
  order: undefined,
});

/**
 * The believed keys that signed. Signatures of keys that are not known here are passed over: an order may be signed for those that
 * have new keys already and for those that have not. One of a known key that is not good is never an accident.
 */
function signersOf({ payload, signatures }: Envelope, { ring, reader, clock }: Bench): Some<Key> | Refused {
  const known = signatures.flatMap((one) => {
    const key = keyOf(ring, one.keyId);
    return key === undefined ? [] : [{ ...one, key, standing: clock.isSet ? standingOf(key, clock.now) : 'believed' }];
  });
  const believed = known.filter(({ standing }) => standing === 'believed');
  if (!isSome(believed)) {
    const early = known.find(({ standing }) => standing === 'not_yet');
    if (early !== undefined) return refused('not_yet', `the key "${early.key.name}" is not believed yet`);
    const [past] = known;
    return refused(
      'unknown_key',
      past === undefined
        ? `signed by ${signatures.map(({ keyId }) => keyId).join(', ')}, which is not believed here`
        : `the key "${past.key.name}" is believed no longer`,
    );
  }
  const bad = believed.find(({ key, signature }) => !reader.verifies(key.publicKey, payload, signature));
  if (bad !== undefined) return refused('bad_signature', `the signature of "${bad.key.name}" is not good`);
  const [first, ...more] = believed;
  return [first.key, ...more.map(({ key }) => key)];
}

function targetTrouble(order: Order, recipient: Recipient): Trouble | undefined {
  if (order.tenant !== recipient.tenant) return ['wrong_tenant', `it is for the fleet "${order.tenant}"`];
  if (recipient.role === 'controller') {
    const isOurs = order.appliance === 'everybody' && (order.kind === 'lease' || order.kind === 'keys');
    return isOurs ? undefined : ['wrong_target', 'it is for appliances'];
  }
  if (order.kind === 'lease') return ['wrong_target', 'leases are for controllers'];
  if (order.appliance === recipient.serial) return undefined;
  return order.appliance === 'everybody' ? undefined : ['wrong_target', `it is for ${order.appliance}`];
}

function timeTrouble(order: Order, clock: Bench['clock']): Trouble | undefined {
  if (order.kind === 'command' && order.notAfter - order.issuedAt > LONGEST_COMMAND) {
    return ['too_long', 'a command may be valid for 24 h at most'];
  }
  if (!clock.isSet) return undefined;
  if (order.notAfter + SKEW < clock.now) return ['expired', `it was valid until ${momentText(order.notAfter)}`];
  return order.issuedAt > clock.now + SKEW ? ['not_yet', `it was signed at ${momentText(order.issuedAt)}`] : undefined;
}

/** Keys take the place of others only where one of themselves says so as well, see `mayRotate`. */
function renewalTrouble(set: KeySet, able: Some<Key>, envelope: Envelope, bench: Bench): Trouble | undefined {
  const renewed: Key[] = [];
  for (const { keyId, signature } of envelope.signatures) {
    const key = keyOf(set, keyId);
    if (key === undefined) continue;
    if (!bench.reader.verifies(key.publicKey, envelope.payload, signature)) {
      return ['bad_signature', `the signature of the new key "${key.name}" is not good`];
    }
    if (!bench.clock.isSet || standingOf(key, bench.clock.now) === 'believed') renewed.push(key);
  }
  return mayRotate(able, renewed)
    ? undefined
    : ['kind_not_allowed', 'new keys have to be signed by one of themselves that may order keys, too'];
}

/** How an order stands to what was acted upon before; `same`: it is what was acted upon last of its line. */
type Age = 'new' | 'same' | 'replayed' | 'expired' | 'overtaken' | 'busy' | 'older_generation';

function ageOfOrder(order: Order, digest: Hex, { commands, ring, taken }: Bench): Age {
  if (order.kind === 'command') return commands.standingOf(order);
  const before = taken.get(lineOf(order) ?? '');
  const age = order.kind === 'keys' ? keysAge(order, ring) : ageOf(before, { ...order, order: digest });
  if (age === 'newer') return 'new';
  return age === 'same' ? age : 'older_generation';
}

const AGE_TEXTS = {
  replayed: 'it was taken before',
  expired: 'commands as old as this are forgotten',
  overtaken: 'a later command about the same was taken before',
  busy: 'too many commands are remembered',
  older_generation: 'its generation is not newer than the one in effect, and it is another order',
} as const;

function keysAge({ generation, keys }: OrderOf<'keys'>, ring: KeyRing): 'newer' | 'same' | 'rival' | 'older' {
  if (generation !== ring.generation) return generation > ring.generation ? 'newer' : 'older';
  return sameKeys(keys, ring) ? 'same' : 'rival';
}

/** RFC 3339; a number where no calendar reaches. */
const momentText = (at: Millis): string => (at <= LAST_MOMENT ? rfc3339(at) : `${at} ms`);

/** How a refusal is answered: with the result that is kept, with the refusal, or not at all. */
export function answerTo(refusal: Refused): 'kept' | 'refusal' | 'none' {
  if (refusal.order === undefined) return 'none';
  return refusal.code === 'replayed' ? 'kept' : 'refusal';
}
