import type { Clock } from '../../core/base/ports.ts';
import type { NftElement, TableDeclaration } from './declaration.ts';
import { CLOSED, ERRNO, failure, kernelRefusal, refuse } from './failure.ts';
import { type FakeLog, type FakePacket, type FakeTable, Judge } from './fake-judge.ts';
import { Connections } from './fake-meter.ts';
import { FakeSet } from './fake-set.ts';
import type { NftCode, NftFailure, NftOp, NftPort, NftResult, RuleCounter } from './port.ts';
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

  /** What becomes of a packet to this host (`input`) or to a neighbour (`forward`); counters and meters move. */
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
  ensure(declared: TableDeclaration): NftResult<void> {
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
    this.#tables.set(declared.name, {
      sets,
      chains: copyOf(declared.chains),
      counters,
      buckets: new Map(),
    });
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

/** Each rule with conditions of its own, though a declaration may name one object in several: the kernel shares none. */
const copyOf = (chains: TableDeclaration['chains']): TableDeclaration['chains'] => JSON.parse(JSON.stringify(chains));

const DONE: NftResult<void> = { ok: true, value: undefined };

const missing = (doing: string, op?: number): NftFailure =>
  kernelRefusal('missing', ERRNO.ENOENT, doing, op, op === undefined ? undefined : `op ${op}`);

function codeOf(errno: number): NftCode {
  if (errno === ERRNO.ENOENT) return 'missing';
  return errno === ERRNO.ENFILE ? 'full' : 'exists';
}
