import { utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../base/ids.ts';
import type { Millis } from '../base/time.ts';
import type { Finding } from '../detect/finding.ts';

/** An operator has seen a group of findings: it is out of view until the group gets another finding. */
export interface Dismissal {
  /** The newest finding seen. */
  readonly serial: number;
  readonly at: Millis;
  /** Name of the principal. */
  readonly actor: string;
}

/** Digits of SHA-256 that CSM's keys have of the details. */
const DIGEST = 8;

/**
 * Whether `key` names a finding: by its id, or as CSM does by `check:message`, behind which may stand the first eight hex
 * digits of the SHA-256 of its details.
 */
export function isKeyOf(key: string, { id, check, message, details }: Finding): boolean {
  const named = `${check}:${message}`;
  if (key === id || key === named) return true;
  if (details === undefined || !key.startsWith(`${named}:`)) return false;
  return key.slice(named.length + 1) === sha256Hex(utf8ToBytes(details)).slice(0, DIGEST);
}
