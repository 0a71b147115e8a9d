import { parseIp } from '../../core/base/ip.ts';
import type { Clock } from '../../core/base/ports.ts';
import { CLOSED, ERRNO, failure, kernelRefusal, refuse } from './failure.ts';
import { FakeSet } from './fake-set.ts';
import type {
  ChainDeclaration,
  NftCode,
  NftElement,
  NftFailure,
  NftOp,
  NftPort,
  NftResult,
  RuleCounter,
  RuleDeclaration,
  TableDeclaration,
} from './port.ts';
import {
  checkCount,
  checkFit,
  checkName,
  checkTable,
  MAX_SETS,
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
  addresses: readonly string[];

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
  ensure(declared: TableDeclaration): NftResult<void> {
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
    return DONE;
  }

  /** @internal */
  drop(table: string): NftResult<void> {
    this.#tables.delete(table);
    return DONE;
  }

  /** @internal */
  commit(name: string, ops: readonly ParsedOp[]): NftResult<void> {
    const sets: FakeSet[] = [];
    for (const [i, op] of ops.entries()) {
      const set = this.#tables.get(name)?.sets.get(op.set);
      if (set === undefined) return missing(`commit to table ${name}`, i);
      const unfit = checkFit(op, i, set.declaration);
      if (unfit !== undefined) return unfit;
      sets.push(set);
    }
    const undo: (() => void)[] = [];
    const now = this.#clock.now();
    for (const [i, op] of ops.entries()) {
      const errno = sets[i]?.apply(op, now, undo) ?? 0;
      if (errno === 0) continue;
      for (const back of undo.reverse()) back();
      return kernelRefusal(codeOf(errno), errno, `commit to table ${name}`, i, `op ${i}`);
    }
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
    return checkTable(table) ?? this.#blocked() ?? this.#kernel.ensure(table);
  }

  async drop(table: string): Promise<NftResult<void>> {
    return checkName('table name', table) ?? this.#blocked() ?? this.#kernel.drop(table);
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
    return this.#blocked() ?? this.#kernel.commit(table, parsed);
  }

  async list(table: string, set: string): Promise<NftResult<readonly NftElement[]>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    return refused ?? this.#blocked() ?? this.#kernel.list(table, set);
  }

  async counters(table: string): Promise<NftResult<readonly RuleCounter[]>> {
    return checkName('table name', table) ?? this.#blocked() ?? this.#kernel.counters(table);
  }

  async localAddresses(): Promise<NftResult<readonly string[]>> {
    return this.#blocked() ?? { ok: true, value: this.#kernel.addresses };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #blocked(): NftFailure | undefined {
    return this.#closed ? CLOSED : this.#kernel.planned();
  }
}

const DONE: NftResult<void> = { ok: true, value: undefined };

const missing = (doing: string, op?: number): NftFailure =>
  kernelRefusal('missing', ERRNO.ENOENT, doing, op, op === undefined ? undefined : `op ${op}`);

function codeOf(errno: number): NftCode {
  if (errno === ERRNO.ENOENT) return 'missing';
  return errno === ERRNO.ENFILE ? 'full' : 'exists';
}

const sameShape = (a: FakeSet['declaration'], b: FakeSet['declaration']): boolean =>
  a.family === b.family && a.interval === b.interval && a.timeout === b.timeout && a.size === b.size;
