import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Deadline, millis } from '../../core/base/time.ts';
import { type KeySetRecord, keySets } from '../../core/controller/records.ts';
import { type Hex, isHex } from '../../core/link/hex.ts';
import { type Key, type KeyRing, type KeySet, mayOrder, ringOf, standingOf } from '../../core/link/keys.ts';
import type { OrderKind, OrderOf } from '../../core/link/order.ts';
import { fleetKeysTopic } from '../../core/link/topics.ts';
import type { Records } from '../store/index.ts';
import type { BrokerLink } from './broker-link.ts';
import { readIfThere } from './files.ts';
import type { KeyFolder, SigningKey } from './key-folder.ts';
import type { Press, Pressed } from './press.ts';

export interface KeyRingDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly keys: KeyFolder;
  readonly press: Press;
  readonly link: () => BrokerLink;
  /** What `ca init` wrote. */
  readonly firstKeys: string;
}

/** What is to become of the keys. */
export type KeyChange =
  | {
      readonly kind: 'add';
      readonly name: string;
      readonly kinds: readonly OrderKind[];
      readonly until: Deadline;
      readonly publicKey?: string;
    }
  | { readonly kind: 'rotate'; readonly name: string }
  | { readonly kind: 'limit'; readonly name: string; readonly kinds: readonly OrderKind[]; readonly until: Deadline }
  | { readonly kind: 'remove'; readonly name: string };

const RECORD = ['keys'] as const;
/** As many signatures as an envelope has. */
const MOST_SIGNERS = 4;
/** A key's file that `rotate` left, with the moment. */
const RETIRED = /\.\d{13}$/;

/** The keys that this fleet believes: kept, published, changed by orders that are signed twice. */
export class FleetKeys {
  readonly #deps: KeyRingDeps;
  #ring: KeyRing;
  #envelope: string;

  private constructor(deps: KeyRingDeps, ring: KeyRing, envelope: string) {
    this.#deps = deps;
    this.#ring = ring;
    this.#envelope = envelope;
  }

  /** @returns failed: the first keys are missing or no key set */
  static async open(deps: KeyRingDeps): Promise<Result<FleetKeys, 'failed'>> {
    const record = await deps.records.get(keySets, RECORD);
    const first = record === undefined ? await readIfThere(deps.firstKeys) : undefined;
    if (record === undefined && first === undefined) return fail('failed', `there is no ${deps.firstKeys}`);
    try {
      const keys = record?.keys ?? (JSON.parse(first ?? '[]') as readonly Key[]);
      const ring = ringOf({ keys }, record?.generation ?? 1);
      if (!ring.ok) return fail('failed', `${deps.firstKeys}: ${ring.public}`);
      return ok(new FleetKeys(deps, ring.value, record?.envelope ?? ''));
    } catch (cause) {
      return fail('failed', `${deps.firstKeys} cannot be read: ${messageOf(cause)}`, cause);
    }
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  get set(): KeySet {
    return { keys: this.#ring.keys };
  }

  /**
   * A private key that is here, where the fleet lets it order this now: appliances would refuse what it signs otherwise, and
   * whoever asked would wait for an answer that says nothing.
   */
  async signerFor(name: string, kind: OrderKind): Promise<Result<SigningKey, 'refused'>> {
    const signer = await this.#deps.keys.key(name);
    if (!signer.ok) return signer;
    const key = this.#ring.keys.find(({ publicKey }) => publicKey === signer.value.publicKey);
    if (key === undefined) return fail('refused', `the fleet does not believe the key "${name}"; see \`keys list\``);
    if (!mayOrder(key, kind)) return fail('refused', `"${name}" may not order ${kind}; --key NAME names one that may`);
    const standing = standingOf(key, this.#deps.clock.now());
    if (standing === 'believed') return signer;
    return fail('refused', `"${name}" is believed ${standing === 'past' ? 'no longer' : 'later'}; see \`keys list\``);
  }

  /** Publishes what is in effect, for brokers that have lost it. */
  async publish(): Promise<void> {
    if (this.#envelope === '') return;
    const payload = Buffer.from(this.#envelope, 'base64');
    const topic = fleetKeysTopic(this.#deps.tenant);
    await this.#deps.link().publish({ topic, payload, retain: true, message: 'Envelope' });
  }

  /** A key set of another controller that was judged. */
  async heard(order: OrderOf<'keys'>, bytes: Uint8Array): Promise<void> {
    const ring = ringOf(order.keys, order.generation);
    if (ring.ok) await this.#take(ring.value, bytes);
  }

  /** @returns the new generation */
  async change(change: KeyChange, signerName: string): Promise<Result<number, 'refused' | 'failed'>> {
    const signer = await this.#deps.keys.key(signerName);
    if (!signer.ok) return signer;
    const made = await this.#changed(change, signer.value);
    if (!made.ok) return made;
    const { keys, signers, undo } = made.value;
    const pressed = await this.#press({ keys }, signers);
    if (!pressed.ok) {
      await undo();
      return pressed;
    }
    const { bytes, order } = pressed.value;
    const ring = ringOf({ keys }, order.generation);
    if (!ring.ok) return fail('refused', ring.public);
    await this.#take(ring.value, bytes);
    await this.publish();
    return ok(order.generation);
  }

  async #press(set: KeySet, signers: readonly SigningKey[]): Promise<Result<Pressed, 'refused' | 'failed'>> {
    const trouble = ringOf(set, 1);
    if (!trouble.ok) return fail('refused', trouble.public);
    const mayChange = (key: SigningKey, keys: readonly Key[]): boolean =>
      keys.some(({ publicKey, kinds }) => publicKey === key.publicKey && kinds.includes('keys'));
    if (!signers.some((key) => mayChange(key, this.#ring.keys))) {
      return fail('refused', `"${signers[0]?.name}" may not order keys now; --key NAME names one that may`);
    }
    if (!signers.some((key) => mayChange(key, set.keys))) {
      return fail('refused', `"${signers[0]?.name}" may not order keys in the new set; nobody here could sign for it`);
    }
    const body = { kind: 'keys', keys: set } as const;
    const all = [...signers, ...(await this.#retired(signers))].slice(0, MOST_SIGNERS);
    return await this.#deps.press.one({ body, to: 'everybody', above: this.#ring.generation }, all);
  }

  /** Keys that were rotated out, the newest first: who was away meanwhile believes one of them still. */
  async #retired(signers: readonly SigningKey[]): Promise<readonly SigningKey[]> {
    const { keys: folder } = this.#deps;
    const names = (await folder.names()).filter((name) => RETIRED.test(name));
    names.sort((a, b) => Number(b.split('.').at(-1)) - Number(a.split('.').at(-1)));
    const found: SigningKey[] = [];
    for (const name of names) {
      const key = await folder.key(name);
      if (key.ok && !signers.some(({ keyId }) => keyId === key.value.keyId)) found.push(key.value);
    }
    return found;
  }

  async #changed(
    change: KeyChange,
    signer: SigningKey,
  ): Promise<Result<{ keys: readonly Key[]; signers: readonly SigningKey[]; undo: () => Promise<void> }, 'refused'>> {
    const { keys: folder, clock } = this.#deps;
    const keys = this.#ring.keys;
    const known = keys.find(({ name }) => name === change.name);
    const undo = async (): Promise<void> => undefined;
    if (change.kind === 'add') {
      if (known !== undefined) return fail('refused', `there is a key "${change.name}" already`);
      const given = await this.#publicOf(change);
      if (!given.ok) return given;
      const { name, kinds, until: notAfter } = change;
      const key: Key = { publicKey: given.value, name, kinds, notBefore: millis(0), notAfter };
      return ok({ keys: [...keys, key], signers: [signer], undo });
    }
    if (known === undefined) return fail('refused', `there is no key "${change.name}"`);
    const others = keys.filter((key) => key !== known);
    if (change.kind === 'remove') return ok({ keys: others, signers: [signer], undo });
    if (change.kind === 'limit') {
      const limited = { ...known, kinds: change.kinds, notAfter: change.until };
      return ok({ keys: keys.map((key) => (key === known ? limited : key)), signers: [signer], undo });
    }
    const replaced = await folder.replace(change.name, String(clock.now()));
    if (!replaced.ok) return replaced;
    const { key, old } = replaced.value;
    const renewed = { ...known, publicKey: key.publicKey };
    return ok({
      keys: keys.map((one) => (one === known ? renewed : one)),
      signers: [signer, key],
      undo: () => folder.restore(change.name, old),
    });
  }

  async #publicOf({ name, publicKey }: Extract<KeyChange, { kind: 'add' }>): Promise<Result<Hex, 'refused'>> {
    if (publicKey !== undefined) {
      return isHex(publicKey, 32)
        ? ok(publicKey)
        : fail('refused', '--public: a public key is 64 hex digits, in small letters');
    }
    const there = await this.#deps.keys.key(name);
    if (there.ok) return ok(there.value.publicKey);
    const made = await this.#deps.keys.make(name);
    return made.ok ? ok(made.value.publicKey) : made;
  }

  async #take(ring: KeyRing, bytes: Uint8Array): Promise<void> {
    this.#ring = ring;
    this.#envelope = Buffer.from(bytes).toString('base64');
    const record: KeySetRecord = { ...ring, envelope: this.#envelope };
    const kept = await this.#deps.records.write((writes) => writes.put(keySets, RECORD, record), { sync: true });
    if (!kept.ok) this.#deps.log('error', 'keys could not be written down', { cause: kept.public });
  }
}
