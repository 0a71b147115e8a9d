import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  type webcrypto,
} from 'node:crypto';
import { promisify } from 'node:util';
import { parseIp } from '../../core/base/ip.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis } from '../../core/base/time.ts';
import { x509Library } from '../identity/index.ts';

/** A private key (PKCS #8) and its certificate, both PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** From when until when, and a serial number of 16 bytes as hex, positive. */
export interface Validity {
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  readonly serial: string;
}

export interface LeafRequest {
  readonly authority: KeyPair;
  readonly commonName: string;
  readonly use: 'client' | 'server' | 'both';
  /** Host names and addresses, of a server. */
  readonly names?: readonly string[];
}

export interface Revoked {
  /** Serial number of the certificate, hex. */
  readonly serial: string;
  readonly at: Millis;
}

/** What a certificate request holds that is good by its own signature. */
export interface ReadRequest {
  readonly commonName: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { ...KEY_ALGORITHM, hash: 'SHA-256' } as const;
/** For those whose clock is behind. */
export const BACKDATE = days(1);

/** A self-signed authority that signs the issuing one and nothing else; its key may be kept elsewhere from then on. */
export async function issueRoot(name: string, validity: Validity): Promise<KeyPair> {
  const x509 = await x509Library();
  const keys = await newKeys();
  const subject = subjectOf(name);
  const cert = await x509.X509CertificateGenerator.create({
    ...validityOf(validity),
    subject,
    issuer: subject,
    publicKey: cryptoKey(keys.publicKey, 'verify'),
    signingKey: cryptoKey(keys.privateKey, 'sign'),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(cryptoKey(keys.publicKey, 'verify')),
    ],
  });
  return { key: pemOf(keys.privateKey), cert: `${cert.toString('pem')}\n` };
}

/** The authority under the root that signs appliances, controllers, brokers, and what is revoked. */
export async function issueIssuing(name: string, root: KeyPair, validity: Validity): Promise<KeyPair> {
  const x509 = await x509Library();
  const keys = await newKeys();
  const above = new x509.X509Certificate(root.cert);
  const cert = await x509.X509CertificateGenerator.create({
    ...validityOf(validity),
    subject: subjectOf(name),
    issuer: above.subjectName,
    publicKey: cryptoKey(keys.publicKey, 'verify'),
    signingKey: cryptoKey(createPrivateKey(root.key), 'sign'),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(cryptoKey(keys.publicKey, 'verify')),
      await x509.AuthorityKeyIdentifierExtension.create(above.publicKey),
    ],
  });
  return { key: pemOf(keys.privateKey), cert: `${cert.toString('pem')}\n` };
}

/** A certificate with a key of its own. */
export async function issueWithKey(request: LeafRequest, validity: Validity): Promise<KeyPair> {
  const keys = await newKeys();
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' });
  return { key: pemOf(keys.privateKey), cert: await issueLeaf(request, publicKey, validity) };
}

/** @param publicKey SubjectPublicKeyInfo of a P-256 key, DER. @returns PEM */
export async function issueLeaf(request: LeafRequest, publicKey: Uint8Array, validity: Validity): Promise<string> {
  const x509 = await x509Library();
  const { authority, commonName, use, names = [] } = request;
  const issuer = new x509.X509Certificate(authority.cert);
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  const uses = [
    ...(use === 'server' ? [] : [x509.ExtendedKeyUsage.clientAuth]),
    ...(use === 'client' ? [] : [x509.ExtendedKeyUsage.serverAuth]),
  ];
  const cert = await x509.X509CertificateGenerator.create({
    ...validityOf(validity),
    subject: subjectOf(commonName),
    issuer: issuer.subjectName,
    publicKey: cryptoKey(key, 'verify'),
    signingKey: cryptoKey(createPrivateKey(authority.key), 'sign'),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(uses),
      await x509.SubjectKeyIdentifierExtension.create(cryptoKey(key, 'verify')),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names.map(alternativeName))]),
    ],
  });
  return `${cert.toString('pem')}\n`;
}

/** A list of what the issuing authority has revoked, PEM. */
export async function issueRevocations(
  authority: KeyPair,
  { at, until, revoked }: { readonly at: Millis; readonly until: Millis; readonly revoked: readonly Revoked[] },
): Promise<string> {
  const x509 = await x509Library();
  const issuer = new x509.X509Certificate(authority.cert);
  const crl = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(at),
    nextUpdate: new Date(until),
    entries: revoked.map(({ serial, at: since }) => ({ serialNumber: serial, revocationDate: new Date(since) })),
    signingKey: cryptoKey(createPrivateKey(authority.key), 'sign'),
    signingAlgorithm: SIGNATURE,
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)],
  });
  // The library's own label for it, `CRL`, is one that OpenSSL does not know.
  const lines =
    Buffer.from(crl.rawData)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`;
}

/** What a revocation list says. */
export interface ReadRevocations {
  readonly at: Millis;
  readonly until: Millis;
  /** Serial numbers of certificates, hex. */
  readonly revoked: ReadonlySet<string>;
}

/** @param cert of the authority, PEM. @returns undefined: it is none of this authority's */
export async function readRevocations(cert: string, list: string): Promise<ReadRevocations | undefined> {
  const x509 = await x509Library();
  try {
    const crl = new x509.X509Crl(list);
    const { publicKey } = new x509.X509Certificate(cert);
    if (crl.nextUpdate === undefined || !(await crl.verify({ publicKey }))) return undefined;
    const revoked = new Set(crl.entries.map(({ serialNumber }) => serialNumber.toLowerCase()));
    return { at: millis(crl.thisUpdate.getTime()), until: millis(crl.nextUpdate.getTime()), revoked };
  } catch {
    return undefined;
  }
}

/** Reads a certificate request: a P-256 key that signed it, and a common name. */
export async function readRequest(der: Uint8Array): Promise<Result<ReadRequest, 'bad_request'>> {
  const x509 = await x509Library();
  try {
    const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(der));
    const publicKey = Buffer.from(request.publicKey.rawData);
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
      return fail('bad_request', 'the key of the certificate request is not on P-256');
    }
    if (!(await request.verify())) return fail('bad_request', 'the certificate request is not signed by its key');
    const names = request.subjectName.getField('CN');
    const [commonName] = names;
    if (commonName === undefined || names.length !== 1) {
      return fail('bad_request', 'the certificate request needs one common name');
    }
    return ok({ commonName, publicKey });
  } catch (cause) {
    return fail('bad_request', 'that is no certificate request', cause);
  }
}

/** A key of a client: PKCS #8 in PEM, and SubjectPublicKeyInfo in DER. */
export function newClientKey(): { readonly key: string; readonly publicKey: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: KEY_ALGORITHM.namedCurve });
  return { key: pemOf(privateKey), publicKey: publicKey.export({ type: 'spki', format: 'der' }) };
}

/** PKCS #10 for a key on P-256, DER. @param key PKCS #8 in PEM */
export async function newCertificateRequest(key: string, commonName: string): Promise<Uint8Array> {
  const x509 = await x509Library();
  const privateKey = createPrivateKey(key);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(commonName),
    keys: {
      privateKey: cryptoKey(privateKey, 'sign'),
      publicKey: cryptoKey(createPublicKey(privateKey), 'verify'),
    },
    signingAlgorithm: SIGNATURE,
  });
  return new Uint8Array(request.rawData);
}

const newKeys = (): Promise<{ readonly privateKey: KeyObject; readonly publicKey: KeyObject }> =>
  promisify(generateKeyPair)('ec', { namedCurve: KEY_ALGORITHM.namedCurve });

const cryptoKey = (key: KeyObject, usage: 'sign' | 'verify'): webcrypto.CryptoKey =>
  key.toCryptoKey(KEY_ALGORITHM, true, [usage]);

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const subjectOf = (commonName: string): { readonly [part: string]: string[] }[] => [
  { O: ['Bartizan'] },
  { CN: [commonName] },
];

const alternativeName = (value: string) => ({ type: parseIp(value).ok ? ('ip' as const) : ('dns' as const), value });

const validityOf = ({ notBefore, notAfter, serial }: Validity) => ({
  notBefore: new Date(notBefore),
  notAfter: new Date(notAfter),
  serialNumber: serial,
});
