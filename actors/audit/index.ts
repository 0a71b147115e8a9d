import type { AuditRecord, AuditSink, AuditTrail, ChainedAuditRecord } from '../../core/api/audit.ts';
import {
  type ChainFault,
  type ChainHead,
  canonicalJson,
  endsAt,
  follow,
  GENESIS,
  HEAD_DOMAIN,
  headText,
  type SignedHead,
  seal,
} from '../../core/api/audit-chain.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { auditKeys } from '../../core/keys/audit-keys.ts';
import { fingerprintOf, isSigned } from '../identity/index.ts';
import type { StoreCode, StoreOp, StorePort } from '../store/index.ts';

export { takeOver } from './take-over.ts';
export { type AuditVerdict, type VerifiedAudit, verifyAudit } from './verify-store.ts';

/** The hash-chained audit log. Appends are numbered and chained in the order they were asked for. */
export interface AuditLog extends AuditTrail {
  /**
   * Resolves when the record is on disk. Appends that arrive during a commit share the next one. `lost`: the disk is, and
   * the record stays in the chain in memory until it is back; if even that failed, the record is gone and leaves no gap.
   */
  append(record: AuditRecord): Promise<Result<ChainedAuditRecord, StoreCode>>;
  /** `append` for callers that have no answer to a failure: rejects instead. */
  readonly sink: AuditSink;
  /** The newest durable record. */
  head(): ChainHead;
  /** Found when it was opened; `other_device` no more once this device has signed a record. */
  readonly troubles: readonly AuditTrouble[];
  /** Walks the whole log; linear in its length. */
  verify(): Promise<Result<ChainHead, ChainFault>>;
}

/**
 * What a start has found wrong with the log it goes on with. `damaged`: its end. `forged`: its head is not what it says
 * who signed it. `other_device`: another device has signed it, rightly, and this one goes on.
 */
export interface AuditTrouble {
  readonly code: 'damaged' | 'forged' | 'other_device';
  /** One sentence for a person. */
  readonly message: string;
}

/** `unreadable`: the end of the chain is unknown, and a chain begun anew would write over what is there. */
export type AuditRefusal = 'unreadable';

/** The device's key. */
export interface HeadSigner {
  readonly publicText: string;
  sign(domain: string, text: string): Uint8Array;
}

export interface AuditDeps {
  readonly store: StorePort;
  readonly log: Log;
  /** Signs the head with each commit; without one the chain is kept unsigned. */
  readonly signer?: HeadSigner;
}

/** Most records in one commit: bounds a batch, while the rest waits for the next. */
const COMMIT_LIMIT = 256;

/**
 * Opens the log and takes the chain up where it ended. A chain whose end is damaged is never repaired or begun anew: it
 * goes on behind the head as it was kept and behind every record there is, so that nothing is written over and `verify`
 * shows the damage for good; the log says so.
 */
export async function openAudit({ store, log, signer }: AuditDeps): Promise<Result<AuditLog, AuditRefusal>> {
  let kept: unknown;
  let last: unknown;
  try {
    kept = await store.get(auditKeys.head);
    last = await newest(store);
  } catch (cause) {
    return fail('unreadable', `the audit log cannot be read: ${messageOf(cause)}`, cause);
  }
  const isEmpty = kept === undefined && last === undefined;
  const head = isEmpty ? GENESIS : furthest(asHead(kept), asHead(last));
  if (head === undefined)
    return fail('unreadable', 'the audit log cannot be read: neither its head nor its last record');
  const whole = last === undefined ? endsAt(GENESIS, head) : endsWith(last, asHead(kept) ?? head);
  const troubles: AuditTrouble[] = whole.ok
    ? []
    : [{ code: 'damaged', message: `The audit log is damaged at its end: ${whole.public}` }];
  const signed = signer === undefined ? undefined : signatureTrouble(kept, signer);
  if (signed !== undefined) troubles.push(signed);
  for (const { code, message } of troubles) log('error', message, { fault: code, serial: head.serial });
  return ok(new ChainedLog(store, head, { signer, troubles }));
}

/** Whether who is named as the head's signer signed it, and is this device. One without a signature is of an earlier version. */
function signatureTrouble(kept: unknown, signer: HeadSigner): AuditTrouble | undefined {
  const head = asHead(kept);
  const { key, signature } = (kept ?? {}) as Partial<SignedHead>;
  if (head === undefined || typeof key !== 'string' || typeof signature !== 'string') return undefined;
  const isOwn = key === signer.publicText;
  if (!isSigned(key, HEAD_DOMAIN, headText(head), Buffer.from(signature, 'base64'))) {
    const whom = isOwn ? 'this device' : `the device with the key ${fingerprintOf(key)}`;
    return { code: 'forged', message: `The audit log has a head that ${whom} did not sign` };
  }
  if (isOwn) return undefined;
  const keys = `${fingerprintOf(key)}, this is ${fingerprintOf(signer.publicText)}`;
  const why = 'its identity was deleted or replaced, or the state is that of another one';
  return { code: 'other_device', message: `The audit log was signed by another device: ${keys}; ${why}` };
}

function furthest(kept: ChainHead | undefined, last: ChainHead | undefined): ChainHead | undefined {
  return kept !== undefined && kept.serial >= (last?.serial ?? 0) ? kept : last;
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
  readonly #signer: HeadSigner | undefined;
  readonly troubles: readonly AuditTrouble[];
  #head: ChainHead;
  #waiting: Waiting[] = [];
  #committing = false;

  constructor(
    store: StorePort,
    head: ChainHead,
    { signer, troubles }: { readonly signer: HeadSigner | undefined; readonly troubles: readonly AuditTrouble[] },
  ) {
    this.#store = store;
    this.#signer = signer;
    this.troubles = troubles;
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

  async newest(limit: number): Promise<readonly ChainedAuditRecord[]> {
    const records: ChainedAuditRecord[] = [];
    for await (const [, stored] of this.#store.entries({ ...auditKeys.records, reverse: true, limit })) {
      if (isRecord(stored)) records.push(stored);
    }
    return records;
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

  async #commit(batch: readonly Waiting[]): Promise<void> {
    let head = this.#head;
    const sealed = batch.map(({ record, ...waiting }) => {
      const link = seal(head, record);
      head = { serial: link.serial, hash: link.hash };
      return { link, ...waiting };
    });
    const ops = sealed.map(({ link }) => ({ put: auditKeys.record(link.serial), value: link }));
    try {
      const kept = await this.#keep([...ops, { put: auditKeys.head, value: this.#signed(head) }], head);
      for (const { link, settle } of sealed) settle(kept.ok ? ok(link) : kept);
    } catch (cause) {
      for (const { reject } of sealed) reject(cause);
    }
  }

  #signed(head: ChainHead): ChainHead | SignedHead {
    if (this.#signer === undefined) return head;
    const signature = Buffer.from(this.#signer.sign(HEAD_DOMAIN, headText(head))).toString('base64');
    return { ...head, key: this.#signer.publicText, signature };
  }

  /** The head moves only with the records: what is refused altogether leaves no gap in the chain. */
  async #keep(ops: readonly StoreOp[], head: ChainHead): Promise<Result<void, StoreCode>> {
    const durable = await this.#store.commit(ops, { sync: true });
    const kept = durable.ok || durable.code === 'closed' ? durable : await this.#store.commit(ops);
    if (kept.ok) this.#head = head;
    return durable;
  }
}

/** A store may hold anything under these keys; `verify` tells what was altered, this only what can be shown. */
function isRecord(stored: unknown): stored is ChainedAuditRecord {
  if (typeof stored !== 'object' || stored === null) return false;
  const { at, action, details, serial }: Partial<ChainedAuditRecord> = stored;
  const isShown = Number.isSafeInteger(at) && Number.isSafeInteger(serial) && typeof action === 'string';
  return isShown && typeof details === 'object' && details !== null;
}
