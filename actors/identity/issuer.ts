import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Millis } from '../../core/base/time.ts';
import { encodeNameConstraints, NAME_CONSTRAINTS } from './name-constraints.ts';
import type { ServerNames } from './names.ts';
import { x509Library } from './x509-library.ts';

/** A private key (PKCS #8) and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

interface Validity {
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  /** Positive, at most 20 bytes, as hex. */
  readonly serial: string;
}

export interface AuthorityRequest extends Validity {
  /** An existing key that lost its certificate; without it a new one is made. */
  readonly key?: string;
  /** DNS suffixes the CA may vouch for. */
  readonly permitted: readonly string[];
}

export interface ServerRequest extends Validity {
  readonly authority: KeyAndCertificate;
  readonly names: ServerNames;
}

const CURVE = 'P-256';
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: CURVE } as const;
const SIGNATURE = { ...KEY_ALGORITHM, hash: 'SHA-256' } as const;
/** Longest common name of X.520. */
const LONGEST_COMMON_NAME = 64;

/**
 * A self-signed CA that can sign server certificates for the permitted names and nothing else: path length 0, server
 * authentication only. Addresses are left free, because they change with the network while the CA must not.
 */
export async function issueAuthority({ key, permitted, ...validity }: AuthorityRequest): Promise<KeyAndCertificate> {
  const x509 = await x509Library();
  const keys = key === undefined ? await newKeys() : keysOf(createPrivateKey(key));
  const name = authorityName(keys.publicKey);
  const cert = await x509.X509CertificateGenerator.create({
    ...validityOf(validity),
    subject: name,
    issuer: name,
    publicKey: toCryptoKey(keys.publicKey, 'verify'),
    signingKey: toCryptoKey(keys.privateKey, 'sign'),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(toCryptoKey(keys.publicKey, 'verify')),
      new x509.Extension(NAME_CONSTRAINTS, true, encodeNameConstraints(permitted)),
    ],
  });
  return { key: pemOf(keys.privateKey), cert: `${cert.toString('pem')}\n` };
}

/** A server certificate under the CA, with a key of its own. */
export async function issueServer({ authority, names, ...validity }: ServerRequest): Promise<KeyAndCertificate> {
  const x509 = await x509Library();
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const commonName = (names.dns[0] ?? 'localhost').slice(0, LONGEST_COMMON_NAME);
  const cert = await x509.X509CertificateGenerator.create({
    ...validityOf(validity),
    subject: [{ O: ['Bartizan'] }, { CN: [commonName] }],
    issuer: issuer.subjectName,
    publicKey: toCryptoKey(keys.publicKey, 'verify'),
    signingKey: toCryptoKey(createPrivateKey(authority.key), 'sign'),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(toCryptoKey(keys.publicKey, 'verify')),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...[...names.ips, ...names.passingIps].map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  return { key: pemOf(keys.privateKey), cert: `${cert.toString('pem')}\n` };
}

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const newKeys = (): Promise<Keys> => promisify(generateKeyPair)('ec', { namedCurve: CURVE });

const keysOf = (privateKey: KeyObject): Keys => ({ privateKey, publicKey: createPublicKey(privateKey) });

const toCryptoKey = (key: KeyObject, usage: 'sign' | 'verify'): webcrypto.CryptoKey =>
  key.toCryptoKey(KEY_ALGORITHM, true, [usage]);

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Told apart in a browser's list by the key, and the same again when only the certificate was lost. */
function authorityName(key: KeyObject): { readonly [part: string]: string[] }[] {
  const id = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 8);
  return [{ O: ['Bartizan'] }, { CN: [`Bartizan CA ${id}`] }];
}

const validityOf = ({ notBefore, notAfter, serial }: Validity) => ({
  notBefore: new Date(notBefore),
  notAfter: new Date(notAfter),
  serialNumber: serial,
});
