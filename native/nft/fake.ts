import { createHash } from 'node:crypto';
import type { Clock } from '../../core/base/ports.ts';
import type { NftElement, TableDeclaration } from './declaration.ts';
import { CLOSED, ERRNO, failure, kernelRefusal, loadEnded, refuse } from './failure.ts';
import { type FakeLog, type FakePacket, type FakeTable, Judge } from './fake-judge.ts';
import { Connections } from './fake-meter.ts';
import { FakeSet } from './fake-set.ts';
import { FakeWatches } from './fake-watch.ts';
import type { ParsedKey } from './keys.ts';
import { addAt, checkColumns, checkKeys, countOf, MAX_FOUND } from './packed.ts';
import type {
  NftChange,
  NftCode,
  NftFailure,
  NftOp,
  NftPort,
  NftResult,
  PackedKeys,
  RuleCounter,
  StandingBaseChain,
} from './port.ts';
import { countersOf, metersOf, meterText } from './rules.ts';
import { checkCount, checkFit, checkTable, MAX_SETS, type ParsedOp, parseBeginning, parseOp } from './validate.ts';
import { checkName } from './validate-names.ts';

/**
 * nftables of one namespace, in memory. Outlives its ports as the kernel does, so a test can restart what uses it.
 * Passes the suite the real kernel passes; time is the clock's.
 */
export class FakeKernel {
  readonly #clock: Clock;
  readonly #tables = new Map<string, FakeTable>();
  readonly #planned: NftFailure[] = [];
  #unnamed = 0;
  /** What rules have logged, oldest first. */
  readonly logged: FakeLog[] = [];
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

  /** Whoever watches is told that notifications were lost, or that the link to the kernel was and is there `again`. */
  loseNotifications(kind: 'lost' | 'again' = 'lost'): void {
    this.watches.lose(kind);
  }

  /** What becomes of a packet to this host (`input`) or to a neighbour (`forward`); counters move. */
  judge(packet: FakePacket, path: 'input' | 'forward' = 'input'): 'accept' | 'drop' {
    const connection = packet.connection ?? `unnamed ${this.#unnamed++}`;
    const around = {
      now: this.#clock.now(),
      isLocal: packet.daddr === undefined ? path === 'input' : this.addresses.includes(packet.daddr),
      logged: (log: FakeLog): void => void this.logged.push(log),
      connection: (): string => connection,
    };
    for (const hook of ['prerouting', path]) {
      const chains = [...this.#tables.values()].flatMap((table) =>
        table.chains.flatMap((chain) => (chain.hook === hook ? [{ table, chain }] : [])),
      );
      chains.sort((a, b) => a.chain.priority - b.chain.priority);
      if (chains.some(({ table, chain }) => new Judge(table, packet, around).through(chain) === 'drop')) return 'drop';
    }
    return 'accept';
  }

  /** Conntrack forgets the connection: it counts no more for its source. */
  end(connection: string): void {
    const sets = [...this.#tables.values()].flatMap((table) => [...table.sets.values()]);
    for (const set of sets) {
      for (const meter of set.meters()) if (meter instanceof Connections) meter.end(connection);
    }
  }

  /** @internal */
  planned(): NftFailure | undefined {
    return this.#planned.shift();
  }

  /** @internal */
  ensure(author: object, declared: TableDeclaration): NftResult<void> {
    const standing = this.#tables.get(declared.name);
    const sets = new Map<string, FakeSet>();
    const meters = metersOf(declared);
    for (const set of declared.sets) {
      const old = standing?.sets.get(set.name);
      const meter = meters.get(set.name);
      const made = new FakeSet(set, meter && meterText(meter));
      const beginning = parseBeginning(set);
      if (!beginning.ok) return beginning;
      for (const element of beginning.value) {
        const errno = made.begin(element, this.#clock.now());
        if (errno !== 0) return kernelRefusal('exists', errno, `ensure table ${declared.name}`);
      }
      sets.set(set.name, old?.isLike(made) ? old : made);
    }
    const counters = new Map(
      countersOf(declared).map((name) => [name, standing?.counters.get(name) ?? { packets: 0, bytes: 0 }]),
    );
    this.#tables.set(declared.name, { sets, chains: copyOf(declared.chains), counters, buckets: new Map() });
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

  /** @internal Chunk by chunk: others go between, and what they change then is told afterwards as lost. */
  async load(author: object, to: LoadTarget, keys: PackedKeys, isClosed: () => boolean): Promise<NftResult<void>> {
    const count = countOf(keys);
    const mutes = count >= WORTH_MUTING;
    if (mutes) this.watches.mute(author);
    try {
      const unfit = this.#unfit(to, keys);
      if (unfit !== undefined) return unfit;
      for (let from = 0; from < count; from += CHUNK) {
        if (isClosed()) return loadEnded(CLOSED, from);
        const failed = this.#loadChunk(author, to, keys, from);
        if (failed !== undefined) return failed;
        await undefined;
      }
      return DONE;
    } finally {
      if (mutes) this.watches.unmute(author);
    }
  }

  #unfit({ table, set }: LoadTarget, keys: PackedKeys): NftFailure | undefined {
    const found = this.#tables.get(table)?.sets.get(set);
    return found === undefined ? missing(`load set ${table} ${set}`) : checkKeys(keys, found.declaration);
  }

  #loadChunk(author: object, { table, set }: LoadTarget, keys: PackedKeys, from: number): NftFailure | undefined {
    const size = Math.min(CHUNK, countOf(keys) - from);
    const chunk = Array.from({ length: size }, (_, i) => addAt(keys, set, from + i));
    const loaded = this.commit(author, table, chunk);
    if (loaded.ok) return undefined;
    const at = from + (loaded.failedOp ?? 0);
    return loadEnded(kernelRefusal(loaded.code, loaded.errno, `load set ${table} ${set}`, at, `key ${at}`), from);
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
}

interface LoadTarget {
  readonly table: string;
  readonly set: string;
}

class FakeNft implements NftPort {
  readonly #kernel: FakeKernel;
  /** The last load asked for: they go one after the other. */
  #loading: Promise<unknown> = Promise.resolve();
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
    const failed = refused ?? this.#blocked();
    if (failed !== undefined) return failed;
    const own = structuredClone(keys);
    const isClosed = (): boolean => this.#closed;
    const loaded = this.#loading.then(() => this.#kernel.load(this, { table, set }, own, isClosed));
    this.#loading = loaded;
    return loaded;
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
    await this.#loading;
  }

  #blocked(): NftFailure | undefined {
    return this.#closed ? CLOSED : this.#kernel.planned();
  }
}

/** Each rule with conditions of its own, though a declaration may name one object in several: the kernel shares none. */
const copyOf = (chains: TableDeclaration['chains']): TableDeclaration['chains'] => JSON.parse(JSON.stringify(chains));

const CHUNK = 2500;
/** Fewer keys are told sooner than the group is left, as by the engine. */
const WORTH_MUTING = 1000;
const DONE: NftResult<void> = { ok: true, value: undefined };

const missing = (doing: string, op?: number): NftFailure =>
  kernelRefusal('missing', ERRNO.ENOENT, doing, op, op === undefined ? undefined : `op ${op}`);

function codeOf(errno: number): NftCode {
  if (errno === ERRNO.ENOENT) return 'missing';
  return errno === ERRNO.ENFILE ? 'full' : 'exists';
}
