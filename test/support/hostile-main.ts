import type {
  ChainDeclaration,
  Match,
  NftOp,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
  VerdictDeclaration,
} from '../../native/nft/index.ts';
import { encodeCommit, encodeCounters, encodeDrop, encodeEnsure, encodeList } from '../../native/nft/wire.ts';
import { encodeCount, encodeFind, encodeFingerprint, encodeUnwatch, encodeWatch } from '../../native/nft/wire-bulk.ts';
import { arming, FLOOR, OWN, productTable, SETTLING } from './guarded-hand.ts';

const KEYS = {
  4: ['192.0.2.1', '192.0.2.77', '192.0.2.255', OWN, '198.51.100.2', '127.0.0.1', '203.0.113.1', '0.0.0.0'],
  6: ['2001:db8:f::1', '2001:db8:f:1::7', 'fe80::1', '::1', '2001:db8::1', '::'],
  net4: ['192.0.2.0/24', '192.0.2.0/25', '192.0.2.128/25', '192.0.0.0/16', '0.0.0.0/0', '203.0.113.0/24', '10.0.0.0/8'],
  net6: ['2001:db8:f::/48', '2001:db8:f::/49', '2001:db8::/32', '::/0', 'fe80::/10', '::/128', 'fc00::/7'],
} as const;
const TABLES = ['bartizan', 'bartizan', 'bartizan', 'bartizan', 'foreign', 'filter'];

/** Sets that its rules let in by, cut by, or leave alone, one after the other. */
export const SPARE: readonly SetDeclaration[] = ([4, 6] as const).flatMap((family) => [
  { name: `spare${family}`, family, interval: false, timeout: false },
  { name: `spare_timed${family}`, family, interval: false, timeout: true },
  { name: `spare_nets${family}`, family, interval: true, timeout: false },
]);

/** What a main that has gone wild, or has been taken over, might ask: sound requests of any meaning, and damaged ones. */
export class HostileMain {
  readonly #random: () => number;
  /** Whether it arms reverts, and so may lose what it likes. */
  arms = true;

  constructor(random: () => number) {
    this.#random = random;
  }

  request(): Uint8Array {
    const sound = this.#sound();
    return this.#below(3) === 0 ? this.#damage(sound) : sound;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #one<T>(of: readonly T[]): T {
    const chosen = of[this.#below(of.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }

  #sound(): Uint8Array {
    const table = this.#one(TABLES);
    const set = this.#set(productTable());
    switch (this.#below(12)) {
      case 0:
      case 1:
        return this.#declaring(productTable([...FLOOR, ...this.#some(KEYS.net4, 2)], this.#some(KEYS.net4, 2)), table);
      case 2:
      case 3:
        return this.#declaring(this.#below(2) === 0 ? this.#lessened() : this.#twisted(productTable()), table);
      case 4:
        return encodeDrop(table);
      case 5:
        return this.arms ? arming(1 + this.#below(40)) : SETTLING;
      case 6:
        return SETTLING;
      case 7:
        return this.#one([encodeList(table, set.name), encodeCounters(table), encodeCount(table, set.name)]);
      case 8:
        return this.#one([encodeFingerprint(table), encodeWatch(table), encodeUnwatch(table)]);
      case 9:
        return soundOr(encodeFind(table, 'blocked4', this.#some(KEYS[4], 4)));
      default:
        return soundOr(encodeCommit(table, this.#ops()));
    }
  }

  #some<T>(of: readonly T[], most: number): readonly T[] {
    return Array.from({ length: this.#below(most + 1) }, () => this.#one(of));
  }

  /** Of the product's names, so that most meet something. */
  #set({ sets }: TableDeclaration): SetDeclaration {
    return this.#one(sets);
  }

  #ops(): readonly NftOp[] {
    return Array.from({ length: 1 + this.#below(6) }, (): NftOp => {
      const { name: set, family, interval, timeout } = this.#one([...productTable().sets, ...SPARE, ...SPARE]);
      const key = this.#one(KEYS[`${interval ? 'net' : ''}${family === 6 ? 6 : 4}` as keyof typeof KEYS]);
      const how = this.#below(8);
      if (how === 0) return { kind: 'flush', set };
      if (how < 3) return { kind: 'delete', set, key };
      return { kind: 'add', set, key, timeout: timeout && this.#below(2) === 0 ? (5000 as never) : 'never' };
    });
  }

  /** The product's table with rules left out, moved, doubled or made up, and sets of other shapes. */
  #twisted(table: TableDeclaration): TableDeclaration {
    const spared = [...table.sets, ...SPARE].filter(() => this.#below(40) !== 0);
    const sets = spared.map((set) => (this.#below(12) === 0 ? this.#reshaped(set) : set));
    const chains = table.chains.map((chain): ChainDeclaration => ({ ...chain, rules: this.#rules(chain.rules, sets) }));
    const other = { name: 'other', rules: this.#rules(table.chains[0]?.rules ?? [], sets) };
    const hook = this.#one(['prerouting', 'input', 'forward', 'output'] as const);
    const second: ChainDeclaration = { ...other, name: 'second', hook, priority: this.#below(400) - 200 };
    return { ...table, sets, chains: [...chains, other, ...(this.#below(3) === 0 ? [second] : [])] };
  }

  /** The product's table, sound, without what concerns some sets, and with a spare one to let in or cut by. */
  #lessened(): TableDeclaration {
    const { name, sets, chains } = productTable();
    const unused = this.#some([...sets.filter(({ timeout }) => timeout)], 2).map((set) => set.name);
    const gone = this.#below(2) === 0 ? unused : [];
    const spare: RuleDeclaration = {
      when: [{ match: 'saddr', set: this.#one(SPARE).name }],
      verdict: this.#one<VerdictDeclaration>(['accept', 'drop']),
    };
    const more = this.#below(3) === 0 ? [] : [spare];
    const isUsed = ({ when }: RuleDeclaration): boolean =>
      !when.some((match) => 'set' in match && unused.includes(match.set));
    return {
      name,
      sets: [...sets.filter((set) => !gone.includes(set.name)), ...SPARE],
      chains: chains.map((chain) => ({ ...chain, rules: [...chain.rules.filter(isUsed), ...more] })),
    };
  }

  #reshaped(set: SetDeclaration): SetDeclaration {
    const { size: _, elements, ...rest } = set;
    if (this.#below(2) === 0) return { ...rest, ...(set.interval ? {} : { size: 7 }), elements: [] };
    return { ...rest, elements: (elements ?? []).slice(this.#below(2)) };
  }

  #rules(rules: readonly RuleDeclaration[], sets: readonly SetDeclaration[]): readonly RuleDeclaration[] {
    const all = [...rules];
    for (let i = this.#below(4); i > 0; i--) {
      const at = this.#below(all.length + 1);
      const how = this.#below(4);
      if (how === 0) all.splice(at, 1);
      else if (how === 1) all.splice(at, 0, ...all.splice(this.#below(all.length), 1));
      else all.splice(at, 0, this.#rule(sets));
    }
    return all;
  }

  #rule(sets: readonly SetDeclaration[]): RuleDeclaration {
    const verdicts: readonly VerdictDeclaration[] = [
      'drop',
      'drop',
      'accept',
      'return',
      'continue',
      { goto: 'other' },
      { jump: 'other' },
    ];
    const matches: readonly Match[] = [
      { match: 'saddr', set: this.#one(sets).name },
      { match: 'saddr', set: this.#one(sets).name },
      { match: 'daddr', set: this.#one(sets).name },
      { match: 'iif', name: this.#one(['lo', 'near']) },
      { match: 'protocol', protocol: 'icmp' },
      { match: 'ct', states: ['new', 'established'] },
      { match: 'over', rate: { packets: 1, per: 'hour', burst: 1 } },
      { match: 'local' },
    ];
    const when = Array.from({ length: this.#below(3) }, () => this.#one(matches));
    return { when, verdict: this.#one(verdicts) };
  }

  #declaring(table: TableDeclaration, name: string): Uint8Array {
    const encoded = encodeEnsure({ ...table, name });
    return encoded.ok ? encoded.value : encodeCounters(name);
  }

  #damage(request: Uint8Array): Uint8Array {
    const bytes = [...request];
    for (let i = this.#below(3); i >= 0; i--) {
      const at = this.#below(bytes.length + 1);
      const how = this.#below(5);
      if (how === 0) bytes[at] = this.#below(256);
      else if (how === 1) bytes.splice(at, 0, this.#below(256));
      else if (how === 2) bytes.splice(at, this.#below(9));
      else if (how === 3) bytes[at] = 255;
      else bytes[at] = 0;
    }
    // Verbs of the hand's own end the connection, which is tried elsewhere.
    const damaged = Uint8Array.from(bytes, (byte) => byte ?? 0);
    if (damaged.length === 0 || [242, 243, 244].includes(damaged[0] ?? 0)) return SETTLING;
    if (damaged[0] === 240 && !this.arms) return SETTLING;
    return damaged;
  }
}

const soundOr = (encoded: ReturnType<typeof encodeCommit>): Uint8Array => (encoded.ok ? encoded.value : SETTLING);
