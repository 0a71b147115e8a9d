import type { AuditRecord, AuditSink, ChainedAuditRecord } from '../../core/api/audit.ts';
import {
  type ChainFault,
  type ChainHead,
  canonicalJson,
  endsAt,
  follow,
  GENESIS,
  seal,
} from '../../core/api/audit-chain.ts';
import type { Log } from '../../core/base/ports.ts';
import type { Result } from '../../core/base/result.ts';
import { auditKeys } from '../../core/keys/audit-keys.ts';
import type { StoreCode, StorePort } from '../store/port.ts';

/** The hash-chained audit log. Appends are numbered and chained in the order they were asked for. */
export interface AuditLog {
  /** Resolves when the record is on disk. Appends that arrive during a commit share the next one. */
  append(record: AuditRecord): Promise<Result<ChainedAuditRecord, StoreCode>>;
  /** `append` for callers that have no answer to a failure: rejects instead. */
  readonly sink: AuditSink;
  /** The newest durable record. */
  head(): ChainHead;
  /** Walks the whole log; linear in its length. */
  verify(): Promise<Result<ChainHead, ChainFault>>;
}

export interface AuditDeps {
  readonly store: StorePort;
  readonly log: Log;
}

/** Most records in one commit: bounds a batch, while the rest waits for the next. */
const COMMIT_LIMIT = 256;

/**
 * Opens the log and takes the chain up where it ended. A chain whose end is damaged is never repaired or begun anew: it
 * goes on from the head as it was kept, so that `verify` shows the damage for good, and the log says so.
 */
export async function openAudit({ store, log }: AuditDeps): Promise<AuditLog> {
  const kept = asHead(await store.get(auditKeys.head));
  const last = await newest(store);
  const head = kept ?? asHead(last) ?? GENESIS;
  const whole = last === undefined ? endsAt(GENESIS, head) : endsWith(last, head);
  if (!whole.ok) log('error', 'audit log is damaged at its end', { fault: whole.code, detail: whole.public });
  return new ChainedLog(store, head);
}

/** Whether `last` is the record that `head` names, and unaltered. */
function endsWith(last: unknown, head: ChainHead): Result<ChainHead, ChainFault> {
  const { serial = 0, prev = '' } = (last ?? {}) as Partial<ChainedAuditRecord>;
  const followed = follow({ serial: serial - 1, hash: prev }, last);
  return followed.ok ? endsAt(followed.value, head) : followed;
}

async function newest(store: StorePort): Promise<unknown> {
  for await (const [, record] of store.entries({ ...auditKeys.records, reverse: true, limit: 1 })) return record;
  return undefined;
}

function asHead(stored: unknown): ChainHead | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const { serial, hash } = stored as Partial<ChainHead>;
  return Number.isSafeInteger(serial) && typeof hash === 'string' ? { serial: serial as number, hash } : undefined;
}

interface Waiting {
  readonly record: AuditRecord;
  readonly settle: (outcome: Result<ChainedAuditRecord, StoreCode>) => void;
  readonly reject: (cause: unknown) => void;
}

class ChainedLog implements AuditLog {
  readonly #store: StorePort;
  #head: ChainHead;
  #waiting: Waiting[] = [];
  #committing = false;

  constructor(store: StorePort, head: ChainHead) {
    this.#store = store;
    this.#head = head;
  }

  readonly sink: AuditSink = async (record) => {
    const appended = await this.append(record);
    if (!appended.ok) throw new Error(appended.public, { cause: appended.cause });
  };

  head(): ChainHead {
    return this.#head;
  }

  append(record: AuditRecord): Promise<Result<ChainedAuditRecord, StoreCode>> {
    return new Promise((settle, reject) => {
      // A copy through JSON: what is hashed is what the store will hold, whatever the caller does to its object later.
      this.#waiting.push({ record: JSON.parse(canonicalJson(record)) as AuditRecord, settle, reject });
      if (!this.#committing) void this.#drain();
    });
  }

  async verify(): Promise<Result<ChainHead, ChainFault>> {
    const to = this.#head;
    let head = GENESIS;
    const range = { gte: auditKeys.records.gte, lte: auditKeys.record(to.serial) };
    for await (const [, record] of this.#store.entries(range)) {
      const next = follow(head, record);
      if (!next.ok) return next;
      head = next.value;
    }
    return endsAt(head, to);
  }

  async #drain(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, COMMIT_LIMIT));
    this.#committing = false;
  }

  /** The head moves only when the records are kept: a refused batch leaves no gap in the chain. */
  async #commit(batch: readonly Waiting[]): Promise<void> {
    let head = this.#head;
    const sealed = batch.map(({ record }) => {
      const link = seal(head, record);
      head = { serial: link.serial, hash: link.hash };
      return link;
    });
    const ops = sealed.map((link) => ({ put: auditKeys.record(link.serial), value: link }));
    try {
      const kept = await this.#store.commit([...ops, { put: auditKeys.head, value: head }], { sync: true });
      if (kept.ok) this.#head = head;
      for (const [i, { settle }] of batch.entries()) {
        const value = sealed[i];
        if (!kept.ok) settle(kept);
        else if (value !== undefined) settle({ ok: true, value });
      }
    } catch (cause) {
      for (const { reject } of batch) reject(cause);
    }
  }
}
