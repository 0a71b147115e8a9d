import { messageOf } from '../../core/base/result.ts';
import type { NftElement, TableDeclaration } from './declaration.ts';
import { CLOSED, failure, kernelRefusal, loadEnded, refuse } from './failure.ts';
import { checkColumns, MAX_FOUND, textAt } from './packed.ts';
import type {
  NftChange,
  NftFailure,
  NftOp,
  NftPort,
  NftResult,
  PackedKeys,
  RuleCounter,
  StandingBaseChain,
} from './port.ts';
import { checkTable } from './validate.ts';
import { checkName } from './validate-names.ts';
import { Watches } from './watches.ts';
import * as wire from './wire.ts';
import * as bulk from './wire-bulk.ts';
import type { Source } from './wire-bytes.ts';

/** What carries a call to an engine and its answer back, in order: the addon's thread, or a hand's socket. */
export interface EngineLink {
  /** One request, in pieces that are put together. They are read before this returns. Rejects when the answer was lost. */
  call(...request: readonly Uint8Array[]): Promise<Uint8Array>;
  /**
   * A call that may take away what stood for long: a link that can guards against losing half. Without it, `call` does.
   */
  lose?(...request: readonly Uint8Array[]): Promise<Uint8Array>;
  /**
   * Who hears what the engine says unasked (notices). Called once, before any call.
   * @param back told when an engine is there again in the place of one that was lost, and knows of no watch
   */
  listen(told: (notice: Uint8Array) => void, back: () => void): void;
  /** Resolves when every call before it was answered and the engine is gone. Called once. */
  close(): Promise<unknown>;
}

/** The firewall port over a link to the engine. Checks and words are here, the kernel's side is behind the link. */
export class WireNft implements NftPort {
  readonly #link: EngineLink;
  readonly #watches: Watches;
  #closing: Promise<void> | undefined;

  constructor(link: EngineLink) {
    this.#link = link;
    this.#watches = new Watches((request, doing) => this.#ask([request], doing, nothing));
    link.listen(
      (notice) => this.#watches.tell(notice),
      () => this.#watches.again(),
    );
  }

  async ensure(table: TableDeclaration): Promise<NftResult<void>> {
    const refused = checkTable(table);
    if (refused !== undefined) return refused;
    const request = wire.encodeEnsure(table);
    if (!request.ok) return request;
    return this.#ask([request.value], `ensure table ${table.name}`, nothing, { loses: true });
  }

  async drop(table: string): Promise<NftResult<void>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    return this.#ask([wire.encodeDrop(table)], `drop table ${table}`, nothing, { loses: true });
  }

  async commit(table: string, ops: readonly NftOp[]): Promise<NftResult<void>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    const request = wire.encodeCommit(table, ops);
    if (!request.ok) return request;
    return this.#ask([request.value], `commit to table ${table}`, nothing, {
      loses: ops.some(({ kind }) => kind === 'flush'),
      nameOp: (index) => describe(ops[index], index),
    });
  }

  async list(table: string, set: string): Promise<NftResult<readonly NftElement[]>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    if (refused !== undefined) return refused;
    return this.#ask([wire.encodeList(table, set)], `list set ${table} ${set}`, wire.decodeElements);
  }

  async counters(table: string): Promise<NftResult<readonly RuleCounter[]>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    return this.#ask([wire.encodeCounters(table)], `read counters of table ${table}`, wire.decodeCounters);
  }

  async load(table: string, set: string, keys: PackedKeys): Promise<NftResult<void>> {
    const refused = checkName('table name', table) ?? checkName('set name', set) ?? checkColumns(keys);
    if (refused !== undefined) return refused;
    const nameKey = (index: number): string => `key ${index} (${textAt(keys, index) ?? 'none'})`;
    return this.#ask(bulk.encodeLoad(table, set, keys), `load set ${table} ${set}`, nothing, { nameOp: nameKey });
  }

  async find(table: string, set: string, keys: readonly string[]): Promise<NftResult<(NftElement | undefined)[]>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    if (refused !== undefined) return refused;
    if (keys.length > MAX_FOUND) return refuse(`at most ${MAX_FOUND} keys are looked up at once`);
    const request = bulk.encodeFind(table, set, keys);
    if (!request.ok) return request;
    return this.#ask([request.value], `look up in set ${table} ${set}`, bulk.decodeFound);
  }

  async count(table: string, set: string): Promise<NftResult<number | 'unknown'>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    if (refused !== undefined) return refused;
    return this.#ask([bulk.encodeCount(table, set)], `count set ${table} ${set}`, bulk.decodeCount);
  }

  async fingerprint(table: string): Promise<NftResult<string>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    return this.#ask([bulk.encodeFingerprint(table)], `read rules of table ${table}`, bulk.decodeFingerprint);
  }

  async baseChains(): Promise<NftResult<readonly StandingBaseChain[]>> {
    return this.#ask([bulk.encodeBaseChains()], 'read base chains', bulk.decodeBaseChains);
  }

  async watch(table: string, seen: (change: NftChange) => void): Promise<NftResult<() => void>> {
    return checkName('table name', table) ?? this.#watches.add(table, seen);
  }

  async localAddresses(): Promise<NftResult<readonly string[]>> {
    return this.#ask([wire.encodeAddresses()], 'read local addresses', wire.decodeAddresses);
  }

  close(): Promise<void> {
    this.#watches.end();
    this.#closing ??= this.#link.close().then(() => undefined);
    return this.#closing;
  }

  #lose(request: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.#link.lose?.(...request) ?? this.#link.call(...request);
  }

  async #ask<V>(
    request: readonly Uint8Array[],
    doing: string,
    decode: (body: Source) => V,
    { loses = false, nameOp = (index) => `op ${index}` }: AskOptions = {},
  ): Promise<NftResult<V>> {
    if (this.#closing !== undefined) return CLOSED;
    let bytes: Uint8Array;
    try {
      bytes = await (loses ? this.#lose(request) : this.#link.call(...request));
    } catch (thrown) {
      return failure('resync', 0, `${doing}: the answer was lost (${messageOf(thrown)}): read the state back`);
    }
    const answer = wire.decodeAnswer(bytes);
    return answer.ok ? { ok: true, value: decode(answer.body) } : toFailure(answer, doing, nameOp);
  }
}

interface AskOptions {
  readonly loses?: boolean;
  readonly nameOp?: (index: number) => string;
}

const nothing = (): void => undefined;

function toFailure(refusal: wire.WireRefusal, doing: string, nameOp: (index: number) => string): NftFailure {
  const { code, errno, failedOp, reason, loaded } = refusal;
  const failed =
    code === 'invalid'
      ? refuse(`${doing}: ${reason}`, failedOp)
      : kernelRefusal(code, errno, doing, failedOp, failedOp === undefined ? undefined : nameOp(failedOp));
  return loaded === undefined ? failed : loadEnded(failed, loaded);
}

function describe(op: NftOp | undefined, index: number): string {
  if (op === undefined) return `op ${index}`;
  return op.kind === 'flush' ? `op ${index} (flush ${op.set})` : `op ${index} (${op.kind} ${op.key}, ${op.set})`;
}
