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
  type ReadRevocations,
  type Revoked,
  readRevocations,
  type Validity,
} from './certificates.ts';
import { readIfThere, writeWhole } from './files.ts';
import type { Place } from './place.ts';

/** How long a revocation list may be used: brokers refuse everybody by one that is over. */
const REVOCATIONS_LAST = days(400);
/**
 * One that has less time left is renewed, though nothing was revoked. Not sooner: a broker that reads a list anew forgets to say
 * of those who have just gone that they have.
 */
const TIME_LEFT = days(300);

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
  /**
   * Sees to it that the list of what was revoked, for brokers, has all of these. One that has them stays as it is while it is good
   * for long; what has ended may stand on it.
   * @returns whether it was written anew
   */
  revoke(revoked: readonly Revoked[]): Promise<boolean>;
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
      const standing = await readRevocations(cert, (await readIfThere(place.revocations)) ?? '');
      if (standing !== undefined && suffices(standing, revoked, at)) return false;
      const pem = await issueRevocations(authority, { at, until: plus(at, REVOCATIONS_LAST), revoked });
      await writeWhole(place.revocations, pem, 0o644);
      return true;
    },
  });
}

/** One from a time that is still to come was signed by a clock that was wrong, and brokers refuse everybody by it. */
const suffices = ({ at, until, revoked }: ReadRevocations, wanted: readonly Revoked[], now: Millis): boolean =>
  at <= now && until - now >= TIME_LEFT && wanted.every(({ serial }) => revoked.has(serial));

/** Of a PEM certificate. */
export const derOf = (pem: string): Uint8Array => Uint8Array.from(new X509Certificate(pem).raw);
