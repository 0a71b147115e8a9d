import { endsAt, follow, GENESIS, HEAD_DOMAIN, headText, type SignedHead } from '../../core/api/audit-chain.ts';
import type { Clock } from '../../core/base/ports.ts';
import { type Failure, fail, messageOf, type Ok, ok } from '../../core/base/result.ts';
import { auditKeys } from '../../core/keys/audit-keys.ts';
import { fingerprintOf, isSigned } from '../identity/index.ts';
import { openStore, type StorePort } from '../store/index.ts';

/** A chain that is whole, from its first record to the head as it was kept. */
export interface VerifiedAudit {
  readonly records: number;
  /** SHA-256 of the newest record, 64 hex digits. */
  readonly head: string;
  /** Fingerprint of the key that signed the head, as OpenSSH prints it; absent where nobody did. */
  readonly signedBy?: string;
}

/** `faulty`: altered, with a gap, cut off, or of a wrong signature. `unreadable`: the store is in use, or damaged. */
export type AuditVerdict = Ok<VerifiedAudit> | Failure<'faulty' | 'unreadable'>;

/**
 * Walks the audit log of a state directory that no daemon has open. The store is opened as by a start: one that is damaged
 * is repaired, with a copy kept, and counts as unreadable here.
 */
export async function verifyAudit(stateDirectory: string, clock: Clock): Promise<AuditVerdict> {
  const troubles: string[] = [];
  const onDamage = ({ message }: { readonly message: string }) => void troubles.push(message);
  const store = await openStore({ stateDirectory, clock, log: () => {}, onDamage });
  if (!store.ok) {
    const why = store.code === 'locked' ? 'Bartizan is running; stop it first, or verify a copy' : store.public;
    return fail('unreadable', why, store.cause);
  }
  try {
    return troubles.length > 0 ? fail('unreadable', troubles.join('; ')) : await walk(store.value.port);
  } catch (thrown) {
    return fail('unreadable', `the audit log cannot be read: ${messageOf(thrown)}`, thrown);
  } finally {
    await store.value.service.stop();
  }
}

/** Of a store that somebody has open. */
export async function walk(store: StorePort): Promise<AuditVerdict> {
  let head = GENESIS;
  for await (const [, record] of store.entries(auditKeys.records)) {
    const next = follow(head, record);
    if (!next.ok) return fail('faulty', next.public);
    head = next.value;
  }
  const kept = await store.get<Partial<SignedHead>>(auditKeys.head);
  const { serial = 0, hash = GENESIS.hash, key, signature } = kept ?? {};
  const whole = endsAt(head, { serial, hash });
  if (!whole.ok) return fail('faulty', whole.public);
  const about = { records: head.serial, head: head.hash };
  if (key === undefined || signature === undefined) return ok(about);
  return isSigned(key, HEAD_DOMAIN, headText(head), Buffer.from(signature, 'base64'))
    ? ok({ ...about, signedBy: fingerprintOf(key) })
    : fail('faulty', `the signature of the head, record ${serial}, is not of the key that it names`);
}
