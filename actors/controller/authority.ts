import { X509Certificate } from 'node:crypto';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis, plus } from '../../core/base/time.ts';
import type { IssuedCertificate } from '../../core/controller/records.ts';
import {
  BACKDATE,
  issueLeaf,
  issueRevocations,
  type KeyPair,
  type LeafRequest,
  type Revoked,
  type Validity,
} from './certificates.ts';
import { readIfThere, writeWhole } from './files.ts';
import type { Place } from './place.ts';

/**
 * How long a revocation list may be used. Brokers refuse everybody by one that is over, so it is renewed each week and good for
 * more than a year.
 */
const REVOCATIONS_LAST = days(400);

/** A serial number of 16 bytes, positive and of full length. */
export function certificateSerial(random: Random): string {
  const serial = Uint8Array.from(random.bytes(16));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(serial).toString('hex');
}

/** Valid from a day ago. */
export const validFor = (lifetime: Millis, { clock, random }: { clock: Clock; random: Random }): Validity => ({
  notBefore: millis(clock.now() - BACKDATE),
  notAfter: plus(clock.now(), lifetime),
  serial: certificateSerial(random),
});

export interface Issued {
  readonly record: IssuedCertificate;
  /** The certificate, then the issuing authority's, DER. */
  readonly chain: readonly Uint8Array[];
}

/** The fleet's issuing authority, where this controller has its key. */
export interface Authority {
  /** Of the root, DER. */
  readonly root: Uint8Array;
  issue(
    request: Pick<LeafRequest, 'commonName' | 'use' | 'names'>,
    publicKey: Uint8Array,
    lifetime: Millis,
  ): Promise<Issued>;
  /** Writes the list of what was revoked, for brokers. */
  revoke(revoked: readonly Revoked[]): Promise<void>;
}

/** @returns missing: this controller has no issuing authority */
export async function openAuthority(
  place: Place,
  parts: { readonly clock: Clock; readonly random: Random },
): Promise<Result<Authority, 'missing'>> {
  const [root, cert, key] = await Promise.all([
    readIfThere(place.root.cert),
    readIfThere(place.issuing.cert),
    readIfThere(place.issuing.key),
  ]);
  if (root === undefined) return fail('missing', `there is no ${place.root.cert}`);
  if (cert === undefined || key === undefined) return fail('missing', `there is no ${place.issuing.key}`);
  const authority: KeyPair = { key, cert };
  const [rootDer, issuingDer] = [derOf(root), derOf(cert)];
  return ok({
    root: rootDer,
    issue: async (request, publicKey, lifetime) => {
      const validity = validFor(lifetime, parts);
      const pem = await issueLeaf({ authority, ...request }, publicKey, validity);
      const record = { serial: validity.serial, until: validity.notAfter };
      return { record, chain: [derOf(pem), issuingDer] };
    },
    revoke: async (revoked) => {
      const at = parts.clock.now();
      const pem = await issueRevocations(authority, { at, until: plus(at, REVOCATIONS_LAST), revoked });
      await writeWhole(place.revocations, pem, 0o644);
    },
  });
}

/** Of a PEM certificate. */
export const derOf = (pem: string): Uint8Array => Uint8Array.from(new X509Certificate(pem).raw);
