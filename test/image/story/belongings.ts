import assert from 'node:assert/strict';
import { ATTACKER, BYSTANDER } from '../network/cable.ts';
import type { Life } from './life.ts';

const PORT = 9443;
/** The guest's second card may still be asking for its address. */
const CABLE_MS = 90_000;

/** What an update, a fallback and a power cut must leave alone. */
export interface Belongings {
  readonly blocked: readonly string[];
  readonly settings: unknown;
  /** Ids. */
  readonly findings: readonly string[];
  readonly identity: Identity;
  readonly machineId: string;
  readonly tls: string;
}

/** What a factory reset must leave alone, too. */
export interface Identity {
  readonly serial: string;
  readonly keyFingerprint: string;
}

export async function identityOf(life: Life): Promise<Identity> {
  const { serial, key_fingerprint: keyFingerprint } = await life.api.tell('GET', '/api/v1/identity');
  assert.ok(serial && keyFingerprint, 'the device has a serial and a key');
  return { serial, keyFingerprint };
}

export async function belongingsOf(life: Life): Promise<Belongings> {
  const { api } = life;
  const blocked = await api.tell('GET', '/api/v1/blocked-ips');
  const settings = await api.tell('GET', '/api/v1/settings/auto_response');
  const findings = await api.tell('GET', '/api/v1/findings');
  return {
    blocked: blocked.map((block: { ip: string }) => block.ip).sort(),
    settings: settings.values,
    findings: findings.map((finding: { id: string }) => finding.id).sort(),
    identity: await identityOf(life),
    machineId: await life.inside('cat /etc/machine-id'),
    tls: await api.fingerprint(),
  };
}

/** In the books and in the kernel. @throws AssertionError naming what is not as it was; findings may have been added */
export async function assertKept(life: Life, before: Belongings): Promise<void> {
  const after = await belongingsOf(life);
  const known = new Set(after.findings);
  const lost = before.findings.filter((id) => !known.has(id));
  assert.deepEqual(lost, [], 'findings that are gone');
  assert.deepEqual({ ...after, findings: [] }, { ...before, findings: [] });
  assert.ok(before.blocked.includes(ATTACKER), 'a neighbour is blocked');
  await life.cable.until(BYSTANDER, PORT, 'connected', CABLE_MS);
  assert.equal(await life.cable.connects(ATTACKER, PORT), 'no answer', 'packets of a blocked neighbour');
}
