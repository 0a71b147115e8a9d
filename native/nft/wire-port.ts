import { messageOf } from '../../core/base/result.ts';
import { CLOSED, failure, kernelRefusal, refuse } from './failure.ts';
import type { NftElement, NftFailure, NftOp, NftPort, NftResult, RuleCounter, TableDeclaration } from './port.ts';
import { checkName, checkTable } from './validate.ts';
import * as wire from './wire.ts';

/** What carries a call to an engine and its answer back, in order: the addon's thread, or a hand's socket. */
export interface EngineLink {
  /**
   * Rejects when the answer was lost.
   * @param loses it may take away what stood for long; a link that guards against half-done losses takes care
   */
  call(request: Uint8Array, loses?: boolean): Promise<Uint8Array>;
  /** Resolves when every call before it was answered and the engine is gone. Called once. */
  close(): Promise<unknown>;
}

/** The firewall port over a link to the engine. Checks and words are here, the kernel's side is behind the link. */
export class WireNft implements NftPort {
  readonly #link: EngineLink;
  #closing: Promise<void> | undefined;

  constructor(link: EngineLink) {
    this.#link = link;
  }

  async ensure(table: TableDeclaration): Promise<NftResult<void>> {
    const refused = checkTable(table);
    if (refused !== undefined) return refused;
    const request = wire.encodeEnsure(table);
    if (!request.ok) return request;
    return this.#ask(request.value, `ensure table ${table.name}`, nothing, { loses: true });
  }

  async drop(table: string): Promise<NftResult<void>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    return this.#ask(wire.encodeDrop(table), `drop table ${table}`, nothing, { loses: true });
  }

  async commit(table: string, ops: readonly NftOp[]): Promise<NftResult<void>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    const request = wire.encodeCommit(table, ops);
    if (!request.ok) return request;
    return this.#ask(request.value, `commit to table ${table}`, nothing, {
      loses: ops.some(({ kind }) => kind === 'flush'),
      nameOp: (index) => describe(ops[index], index),
    });
  }

  async list(table: string, set: string): Promise<NftResult<readonly NftElement[]>> {
    const refused = checkName('table name', table) ?? checkName('set name', set);
    if (refused !== undefined) return refused;
    return this.#ask(wire.encodeList(table, set), `list set ${table} ${set}`, wire.decodeElements);
  }

  async counters(table: string): Promise<NftResult<readonly RuleCounter[]>> {
    const refused = checkName('table name', table);
    if (refused !== undefined) return refused;
    return this.#ask(wire.encodeCounters(table), `read counters of table ${table}`, wire.decodeCounters);
  }

  async localAddresses(): Promise<NftResult<readonly string[]>> {
    return this.#ask(wire.encodeAddresses(), 'read local addresses', wire.decodeAddresses);
  }

  close(): Promise<void> {
    this.#closing ??= this.#link.close().then(() => undefined);
    return this.#closing;
  }

  async #ask<V>(
    request: Uint8Array,
    doing: string,
    decode: (body: wire.Source) => V,
    { loses = false, nameOp = (index) => `op ${index}` }: AskOptions = {},
  ): Promise<NftResult<V>> {
    if (this.#closing !== undefined) return CLOSED;
    let bytes: Uint8Array;
    try {
      bytes = await this.#link.call(request, loses);
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
  const { code, errno, failedOp, reason } = refusal;
  if (code === 'invalid') return refuse(`${doing}: ${reason}`, failedOp);
  return kernelRefusal(code, errno, doing, failedOp, failedOp === undefined ? undefined : nameOp(failedOp));
}

function describe(op: NftOp | undefined, index: number): string {
  if (op === undefined) return `op ${index}`;
  return op.kind === 'flush' ? `op ${index} (flush ${op.set})` : `op ${index} (${op.kind} ${op.key}, ${op.set})`;
}
