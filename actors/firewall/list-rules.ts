import { createHash } from 'node:crypto';
import { FAMILIES, type ListColumns } from '../../core/respond/lists/columns.ts';
import type { PackedKeys, RuleDeclaration, SetDeclaration } from '../../native/nft/index.ts';

/** What the rules are to do with a list. */
export interface ListUse {
  readonly name: string;
  readonly kind: 'block' | 'allow';
  /** `count`: packets are counted and go on. */
  readonly mode: 'enforce' | 'count';
  /** Of two lists of one name, which: where it is from and how it is read. */
  readonly id: string;
}

/** A set of a list's generation, and what it is to hold. */
export interface ListSet extends SetDeclaration {
  readonly family: 4 | 6;
  readonly keys: PackedKeys;
}

/** The sets that a list's rules go by at this moment; none of a list that was never loaded. */
export type SetsOfList = (id: string) => readonly ListSet[];

/** Room beside what a set holds: an eighth, for repairs that add before they take out. */
const roomFor = (count: number): number => Math.min(16_777_216, Math.max(64, count + (count >> 3)));

/** Of a set that generations share: it changes with every doubling only. */
export const sharedRoomFor = (count: number): number => 2 ** Math.ceil(Math.log2(roomFor(count)));

/**
 * The sets of a generation, up to four. They are named after what they hold, so that a new generation has sets of its own
 * beside those in force, and a process that is started anew finds its own again.
 * @param shared names them instead, where generations that differ in little share their sets
 */
export function listSets(name: string, columns: ListColumns, shared?: string): readonly ListSet[] {
  return FAMILIES.flatMap((family) => {
    const { addresses, networks, prefixes } = columns[family];
    const stamp = shared ?? shortHash(addresses, networks, prefixes);
    const count = addresses.length / (family === 4 ? 4 : 16);
    const plain = { family, timeout: false } as const;
    const single: ListSet = {
      ...plain,
      name: `${name}_${stamp}_a${family}`,
      interval: false,
      size: shared === undefined ? roomFor(count) : sharedRoomFor(count),
      keys: { family, bytes: addresses },
    };
    const whole: ListSet = {
      ...plain,
      name: `${name}_${stamp}_n${family}`,
      interval: true,
      keys: { family, bytes: networks, prefixes },
    };
    return [...(count === 0 ? [] : [single]), ...(prefixes.length === 0 ? [] : [whole])];
  });
}

/** The same under other names, to be filled beside these. */
export const anew = (sets: readonly ListSet[]): readonly ListSet[] =>
  sets.map((set) => ({
    ...set,
    name: set.name.replace(/_[0-9a-f]{8}(?=_[an][46]$)/, (stamp) => `_${shortHash(stamp)}`),
  }));

const shortHash = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 8);
};

/** As the table declares it: without what it holds, which `load` brings. */
export const declarationOf = ({ keys: _, ...set }: ListSet): SetDeclaration => set;

/** Before the names of the lists' counters. */
const COUNTER = 'list_';

/**
 * The rules of the lists of one kind, in the order of the settings: a list's addresses and networks of a family count
 * together, as `list_NAME4` and `list_NAME6`.
 */
export const listRules = (
  uses: readonly ListUse[],
  kind: ListUse['kind'],
  setsOf: SetsOfList,
  prefix: string,
): readonly RuleDeclaration[] =>
  uses
    .filter((use) => use.kind === kind)
    .flatMap(({ id, name, mode }) =>
      setsOf(id).map(
        (set): RuleDeclaration => ({
          when: [{ match: 'saddr', set: set.name }],
          counter: `${prefix}${COUNTER}${name}${set.family}`,
          verdict: mode === 'count' ? 'continue' : kind === 'block' ? 'drop' : 'accept',
        }),
      ),
    );

/** Of which list a counter is, a candidate's as well. */
export const listOfCounter = (counter: string): string | undefined =>
  /^(?:trial_)?list_([a-z][a-z0-9_]*)[46]$/.exec(counter)?.[1];
