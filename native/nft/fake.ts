import { createHash } from 'node:crypto';
import { parseIp } from '../../core/base/ip.ts';
import type { Clock } from '../../core/base/ports.ts';
import { CLOSED, ERRNO, failure, kernelRefusal, loadEnded, refuse } from './failure.ts';
import { FakeSet } from './fake-set.ts';
import { FakeWatches } from './fake-watch.ts';
import { addAt, checkColumns, checkKeys, countOf, MAX_FOUND } from './packed.ts';
import type {
  ChainDeclaration,
  NftChange,
  NftCode,
  NftElement,
  NftFailure,
  NftOp,
  NftPort,
  NftResult,
  PackedKeys,
  RuleCounter,
  RuleDeclaration,
  StandingBaseChain,
  TableDeclaration,
} from './port.ts';
import {
  checkCount,
  checkFit,
  checkName,
  checkTable,
  MAX_SETS,
  type ParsedKey,
  type ParsedOp,
  parseBeginning,
  parseOp,
} from './validate.ts';

interface FakeTable {
  sets: Map<string, FakeSet>;
  chains: readonly ChainDeclaration[];
  counters: Map<string, { packets: number; bytes: number }>;
}

/** A packet as the fake kernel judges it. */
export interface FakePacket {
  readonly iif: string;
  readonly saddr: string;
  /** Length counted; 60 unless given. */
  readonly bytes?: number;
}

/**
 * nftables of one namespace, in memory. Outlives its ports as the kernel does, so a test can restart what uses it.
 * Passes the suite the real kernel passes; time is the clock's.
 */
export class FakeKernel {
  readonly #clock: Clock;
  readonly #tables = new Map<string, FakeTable>();
  readonly #planned: NftFailure[] = [];
  /** @internal */
  readonly watches = new FakeWatches();
  addresses: readonly string[];
  /** Whether `count()` knows, as newer kernels do. */
  tellsCounts = true;

  constructor(clock: Clock, addresses: readonly string[] = ['127.0.0.1', '::1']) {
    this.#clock = clock;
    this.addresses = addresses;
  }

  /** A port of its own on this kernel. */
  open(): NftPort {
    return new FakeNft(this);
  }

  /** The next call of any port fails so; asked twice, the next two. */
  failNext(code: NftCode, errno: number): void {
    this.#planned.push(failure(code, errno, `planned failure: ${code}`));
  }

  /** Whoever watches is told that notifications were lost. */
  loseNotifications(): void {
    this.watches.lose();
  }

  /** What becomes of a packet to this host (`input`) or to a neighbour (`forward`); counters move. */
  judge(packet: FakePacket, path: 'input' | 'forward' = 'input'): 'accept' | 'drop' {
    for (const hook of ['prerouting', path]) {
      const chains = [...this.#tables.values()].flatMap((table) =>
        table.chains.flatMap((chain) => (chain.hook === hook ? [{ table, chain }] : [])),
      );
      chains.sort((a, b) => a.chain.priority - b.chain.priority);
      if (chains.some(({ table, chain }) => this.#verdict(table, chain, packet) === 'drop')) return 'drop';
    }
    return 'accept';
  }

  /** @internal */
  planned(): NftFailure | undefined {
    return this.#planned.shift();
  }

  /** @internal */
  ensure(author: object, declared: TableDeclaration): NftResult<void> {
    const standing = this.#tables.get(declared.name);
    const sets = new Map<string, FakeSet>();
    for (const set of declared.sets) {
      const old = standing?.sets.get(set.name);
      const made = new FakeSet(set);
      const beginning = parseBeginning(set);
      if (!beginning.ok) return beginning;
      for (const element of beginning.value) {
        const errno = made.begin(element, this.#clock.now());
        if (errno !== 0) return kernelRefusal('exists', errno, `ensure table ${declared.name}`);
      }
      sets.set(set.name, old !== undefined && sameShape(old.declaration, set) ? old : made);
    }
    const counters = new Map<string, { packets: number; bytes: number }>();
    for (const rule of declared.chains.flatMap((chain) => chain.rules)) {
      if (rule.match === 'saddr' && rule.counter !== undefined) counters.set(rule.counter, { packets: 0, bytes: 0 });
    }
    this.#tables.set(declared.name, { sets, chains: structuredClone(declared.chains), counters });
    const rules = (standing?.chains.length ?? 0) + declared.chains.length > 0;
    const changed = [...(standing?.sets ?? []), ...sets].flatMap(([name]) =>
      standing?.sets.get(name) === sets.get(name) ? [] : [name],
    );
    this.watches.tell(author, { table: declared.name, tables: standing === undefined, rules, sets: changed });
    return DONE;
  }

  /** @internal */
  drop(author: object, table: string): NftResult<void> {
    const standing = this.#tables.get(table);
    this.#tables.delete(table);
    if (standing !== undefined) {
      const rules = standing.chains.length > 0;
      this.watches.tell(author, { table, tables: true, rules, sets: standing.sets.keys() });
    }
    return DONE;
  }

  /** @internal */
  load(author: object, name: string, set: string, keys: PackedKeys): NftResult<void> {
    const found = this.#tables.get(name)?.sets.get(set);
    if (found === undefined) return missing(`load set ${name} ${set}`);
    const unfit = checkKeys(keys, found.declaration);
    if (unfit !== undefined) return unfit;
    const count = countOf(keys);
    for (let from = 0; from < count; from += CHUNK) {
      const size = Math.min(CHUNK, count - from);
      const chunk = Array.from({ length: size }, (_, i) => addAt(keys, set, from + i));
      const loaded = this.commit(author, name, chunk);
      if (!loaded.ok) {
        const at = from + (loaded.failedOp ?? 0);
        const failed = kernelRefusal(loaded.code, loaded.errno, `load set ${name} ${set}`, at, `key ${at}`);
        return loadEnded(failed, from);
      }
    }
    return DONE;
  }

  /** @internal */
  find(table: string, set: string, keys: readonly ParsedKey[]): NftResult<(NftElement | undefined)[]> {
    const found = this.#tables.get(table)?.sets.get(set);
    if (found === undefined) return missing(`look up in set ${table} ${set}`);
    const now = this.#clock.now();
    const value: (NftElement | undefined)[] = [];
    for (const [i, key] of keys.entries()) {
      const unfit = checkFit({ kind: 'delete', set, key }, i, found.declaration);
      if (unfit !== undefined) return unfit;
      value.push(found.find(key, now));
    }
    return { ok: true, value };
  }

  /** @internal */
  count(table: string, set: string): NftResult<number | 'unknown'> {
    const found = this.#tables.get(table)?.sets.get(set);
    if (found === undefined) return missing(`count set ${table} ${set}`);
    if (!this.tellsCounts || found.declaration.interval) return { ok: true, value: 'unknown' };
    return { ok: true, value: found.size(this.#clock.now()) };
  }

  /** @internal */
  fingerprint(table: string): NftResult<string> {
    const found = this.#tables.get(table);
    if (found === undefined) return missing(`read rules of table ${table}`);
    return { ok: true, value: createHash('sha256').update(JSON.stringify(found.chains)).digest('hex').slice(0, 32) };
  }

  /** @internal */
  baseChains(): readonly StandingBaseChain[] {
    const standing = { family: 'inet', policy: 'accept', type: 'filter' } as const;
    return [...this.#tables].flatMap(([table, { chains }]) =>
      chains.flatMap(({ name, ...chain }) =>
        chain.hook === undefined ? [] : [{ ...standing, table, name, hook: chain.hook, priority: chain.priority }],
      ),
    );
  }

  /** @internal */
  commit(author: object, name: string, ops: readonly ParsedOp[]): NftResult<void> {
    const sets: FakeSet[] = [];
    for (const [i, op] of ops.entries()) {
      const set = this.#tables.get(name)?.sets.get(op.set);
      if (set === undefined) return missing(`commit to table ${name}`, i);
      const unfit = checkFit(op, i, set.declaration);
      if (unfit !== undefined) return unfit;
      sets.push(set);
    }
    const undo: (() => void)[] = [];
    const changed = new Set<string>();
    const gone: { set: string; key: string }[] = [];
    const now = this.#clock.now();
    for (const [i, op] of ops.entries()) {
      const before = undo.length;
      const lost =
        op.kind === 'flush' ? (sets[i]?.elements(now) ?? []) : op.kind === 'delete' ? [{ key: op.key.text }] : [];
      const errno = sets[i]?.apply(op, now, undo) ?? 0;
      if (errno !== 0) {
        for (const back of undo.reverse()) back();
        return kernelRefusal(codeOf(errno), errno, `commit to table ${name}`, i, `op ${i}`);
      }
      for (const { key } of lost) gone.push({ set: op.set, key });
      if (undo.length > before && (op.kind !== 'flush' || lost.length > 0)) changed.add(op.set);
    }
    this.watches.tell(author, { table: name, sets: changed, gone });
    return DONE;
  }

  /** @internal */
  list(table: string, set: string): NftResult<readonly NftElement[]> {
    const found = this.#tables.get(table)?.sets.get(set);
    if (found === undefined) return missing(`list set ${table} ${set}`);
    return { ok: true, value: found.elements(this.#clock.now()) };
  }

  /** @internal */
  counters(table: string): NftResult<readonly RuleCounter[]> {
    const found = this.#tables.get(table);
    if (found === undefined) return missing(`read counters of table ${table}`);
    return { ok: true, value: [...found.counters].map(([name, counter]) => ({ name, ...counter })) };
  }

  #verdict(table: FakeTable, chain: ChainDeclaration, packet: FakePacket): 'accept' | 'drop' {
    const rule = chain.rules.find((each) => this.#matches(table, each, packet));
    if (rule === undefined) return 'accept';
    if (rule.match === 'family') {
      const next = table.chains.find(({ name }) => name === rule.chain);
      return next === undefined ? 'accept' : this.#verdict(table, next, packet);
    }
    const counter = rule.match === 'saddr' ? table.counters.get(rule.counter ?? '') : undefined;
    if (counter !== undefined) {
      counter.packets++;
      counter.bytes += packet.bytes ?? 60;
    }
    return rule.verdict;
  }

  #matches(table: FakeTable, rule: RuleDeclaration, packet: FakePacket): boolean {
    if (rule.match === 'iif') return rule.name === packet.iif;
    const address = parseIp(packet.saddr);
    if (!address.ok) return false;
    const set = table.sets.get(rule.set);
    const now = this.#clock.now();
    if (rule.match === 'saddr') return set?.has(address.value, now) ?? false;
    return set?.elements(now).some(({ key }) => key === `ipv${address.value.family}`) ?? false;
  }
}

class FakeNft implements NftPort {
  readonly #kernel: FakeKernel;
  #closed = false;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  async ensure(table: TableDeclaration): Promise<NftResult<void>> {
    return checkTable(table) ?? this.#blocked() ?? this.#kernel.ensure(this, table);
  }

  async drop(table: string): Promise<NftResult<void>> {
    return checkName('table name', table) ?? this.#blocked() ?? this.#kernel.drop(this, table);
  }

  async commit(table: string, ops: readonly NftOp[]): Promise<NftResult<void>> {
    const refused = checkName('table name', table) ?? checkCount(ops);
    if (refused !== undefined) return refused;
    const parsed: ParsedOp[] = [];
    for (const [i, op] of ops.entries()) {
      const one = parseOp(op, i);
      if (!one.ok) return one;
      parsed.push(one.value);
    }
    if (new Set(ops.map((op) => op.set)).size > MAX_SETS) return refuse(`a batch touches at most ${MAX_SETS} sets`);
    return this.#blocked() ?? this.#kernel.commit(this, table, parsed);
  }

  async list(table: string, set: string): Promise<NftResult<readonly NftElement[]>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    return refused ?? this.#blocked() ?? this.#kernel.list(table, set);
  }

  async counters(table: string): Promise<NftResult<readonly RuleCounter[]>> {
    return checkName('table name', table) ?? this.#blocked() ?? this.#kernel.counters(table);
  }

  async load(table: string, set: string, keys: PackedKeys): Promise<NftResult<void>> {
    const refused = checkName('table name', table) ?? checkName('set name', set) ?? checkColumns(keys);
    return refused ?? this.#blocked() ?? this.#kernel.load(this, table, set, keys);
  }

  async find(table: string, set: string, keys: readonly string[]): Promise<NftResult<(NftElement | undefined)[]>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    if (refused !== undefined) return refused;
    if (keys.length > MAX_FOUND) return refuse(`at most ${MAX_FOUND} keys are looked up at once`);
    const parsed: ParsedKey[] = [];
    for (const [i, key] of keys.entries()) {
      const one = parseOp({ kind: 'delete', set, key }, i);
      if (!one.ok) return one;
      if (one.value.kind === 'delete') parsed.push(one.value.key);
    }
    return this.#blocked() ?? this.#kernel.find(table, set, parsed);
  }

  async count(table: string, set: string): Promise<NftResult<number | 'unknown'>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    return refused ?? this.#blocked() ?? this.#kernel.count(table, set);
  }

  async fingerprint(table: string): Promise<NftResult<string>> {
    return checkName('table name', table) ?? this.#blocked() ?? this.#kernel.fingerprint(table);
  }

  async baseChains(): Promise<NftResult<readonly StandingBaseChain[]>> {
    return this.#blocked() ?? { ok: true, value: this.#kernel.baseChains() };
  }

  async watch(table: string, seen: (change: NftChange) => void): Promise<NftResult<() => void>> {
    const refused = checkName('table name', table) ?? this.#blocked();
    return refused ?? { ok: true, value: this.#kernel.watches.add({ table, owner: this, seen }) };
  }

  async localAddresses(): Promise<NftResult<readonly string[]>> {
    return this.#blocked() ?? { ok: true, value: this.#kernel.addresses };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#kernel.watches.leave(this);
  }

  #blocked(): NftFailure | undefined {
    return this.#closed ? CLOSED : this.#kernel.planned();
  }
}

const CHUNK = 2500;
const DONE: NftResult<void> = { ok: true, value: undefined };

const missing = (doing: string, op?: number): NftFailure =>
  kernelRefusal('missing', ERRNO.ENOENT, doing, op, op === undefined ? undefined : `op ${op}`);

function codeOf(errno: number): NftCode {
  if (errno === ERRNO.ENOENT) return 'missing';
  return errno === ERRNO.ENFILE ? 'full' : 'exists';
}

const sameShape = (a: FakeSet['declaration'], b: FakeSet['declaration']): boolean =>
  a.family === b.family && a.interval === b.interval && a.timeout === b.timeout && a.size === b.size;
