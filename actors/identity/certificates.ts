import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis, plus } from '../../core/base/time.ts';
import { type FilePort, writeWhole } from './files.ts';
import type { KeyAndCertificate } from './issuer.ts';
import { permittedDnsSuffixes } from './name-constraints.ts';
import { authorityNames, isPermitted, type ServerNames } from './names.ts';
import type { ServedPair } from './served-pair.ts';

/** The appliance's own certificate: `cert` is the server's, then the CA's. */
export interface TlsMaterial extends ServedPair {
  /** The CA's certificate alone, PEM. */
  readonly ca: string;
  /** Names that had to be left out, because the CA may not vouch for them. */
  readonly unnamed: readonly string[];
}

export interface CertificateDeps {
  readonly files: FilePort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Where `ca.crt`, `ca.key`, `server.crt` and `server.key` live; nothing else is written there. */
  readonly directory: string;
  readonly names: ServerNames;
}

const CA_CERT = 'ca.crt';
const CA_KEY = 'ca.key';
const SERVER_CERT = 'server.crt';
const SERVER_KEY = 'server.key';

const CA_LIFETIME = days(3653);
/** The longest that browsers take is 398 days. */
const SERVER_LIFETIME = days(397);
export const RENEW_BEFORE = days(30);
/** For clients whose clock is behind ours. */
const BACKDATE = days(1);
/** A clock before this is not set yet; a CA dated by it would be years shorter than it says. */
const EARLIEST = Date.UTC(2026, 0, 1) as Millis;

/** Whether a clock that shows this can be believed. One without a battery begins in 1970, or where the system was built. */
export const isClockSet = (now: Millis): boolean => now >= EARLIEST;

interface Authority {
  readonly certPem: string;
  readonly cert: X509Certificate;
  /** Absent when the operator keeps it elsewhere. */
  readonly key?: string;
}

type Refusal = Failure<'tls'>;

/**
 * The certificates of this appliance: read, and made or renewed where needed. The CA is what people import and trust, so
 * a damaged one is refused, naming the file, and never replaced; only where both its files are absent is one made. A key
 * without certificate (a crash during the first start) gets one of the same name. The server's certificate is issued
 * again, with a log line, when it is damaged, ends within 30 days, or lacks a name; its time is judged only by a clock
 * that is set, lest a boot without one would replace a good certificate. A CA key that the operator keeps
 * elsewhere is missed only when nothing can serve without it. A pair that cannot be written serves from memory until the
 * next start.
 */
export async function ensureCertificates(deps: CertificateDeps): Promise<Result<TlsMaterial, 'tls'>> {
  try {
    await deps.files.makeDirectory(deps.directory, 0o700);
    const authority = await ensureAuthority(deps);
    if (!authority.ok) return authority;
    const names = namesWithin(deps, authority.value.cert);
    const server = await ensureServer(deps, authority.value, names);
    if (!server.ok) return server;
    const { fingerprint256: fingerprint, validFrom, validTo } = new X509Certificate(server.value.cert);
    const ca = authority.value.certPem;
    return ok({
      cert: server.value.cert + ca,
      key: server.value.key,
      ca,
      fingerprint,
      validFrom: millis(Date.parse(validFrom)),
      validTo: millis(Date.parse(validTo)),
      unnamed: deps.names.dns.filter((name) => !names.dns.includes(name)),
    });
  } catch (cause) {
    return fail('tls', `certificates in ${deps.directory} cannot be set up: ${messageOf(cause)}`, cause);
  }
}

async function ensureAuthority(deps: CertificateDeps): Promise<Result<Authority, 'tls'>> {
  const { files, directory } = deps;
  const [certPem, key] = await Promise.all([
    files.read(`${directory}/${CA_CERT}`),
    files.read(`${directory}/${CA_KEY}`),
  ]);
  const privateKey = key === undefined ? undefined : readKey(key);
  if (key !== undefined && !isP256(privateKey)) return damaged(deps, CA_KEY, 'is not a P-256 private key');
  if (certPem === undefined) return ok(await makeAuthority(deps, key));
  const cert = readCertificate(certPem);
  if (cert?.ca !== true) return damaged(deps, CA_CERT, 'is not a CA certificate');
  if (privateKey !== undefined && !cert.checkPrivateKey(privateKey)) {
    return damaged(deps, CA_KEY, `does not belong to ${CA_CERT}`);
  }
  warnOfTime(deps, cert);
  return ok({ certPem: withLineEnd(certPem), cert, ...(key === undefined ? {} : { key }) });
}

/** Key first: a key without certificate can be completed, a certificate without key could not. */
async function makeAuthority(deps: CertificateDeps, oldKey: string | undefined): Promise<Authority> {
  const { issueAuthority } = await import('./issuer.ts');
  const made = await issueAuthority({
    ...validity(deps, CA_LIFETIME),
    permitted: authorityNames(deps.names),
    ...(oldKey === undefined ? {} : { key: oldKey }),
  });
  if (oldKey === undefined) await writeWhole(deps.files, deps.directory, CA_KEY, { text: made.key, mode: 0o600 });
  await writeWhole(deps.files, deps.directory, CA_CERT, { text: made.cert, mode: 0o644 });
  deps.log('info', 'certificate authority made', { file: `${deps.directory}/${CA_CERT}` });
  return { certPem: made.cert, cert: new X509Certificate(made.cert), key: made.key };
}

async function ensureServer(
  deps: CertificateDeps,
  authority: Authority,
  names: ServerNames,
): Promise<Result<KeyAndCertificate, 'tls'>> {
  const { directory, log } = deps;
  const stored = await readServer(deps, authority.cert);
  const why = 'why' in stored ? stored.why : lackOf(stored.pair, names, deps.clock.now());
  if (why === undefined && 'pair' in stored) return ok(stored.pair);
  const about = { file: `${directory}/${SERVER_CERT}`, why };
  if (authority.key !== undefined) {
    log(why === 'there is none' ? 'info' : 'warn', 'server certificate is made', about);
    return ok(await makeServer(deps, { cert: authority.certPem, key: authority.key }, names));
  }
  if ('why' in stored) return damaged(deps, CA_KEY, `is absent, and ${SERVER_CERT} has to be made`);
  log('error', 'server certificate should be made again, but the CA key is absent', about);
  return ok(stored.pair);
}

async function makeServer(
  deps: CertificateDeps,
  authority: KeyAndCertificate,
  names: ServerNames,
): Promise<KeyAndCertificate> {
  const { issueServer } = await import('./issuer.ts');
  const made = await issueServer({ ...validity(deps, SERVER_LIFETIME), authority, names });
  try {
    await writeWhole(deps.files, deps.directory, SERVER_KEY, { text: made.key, mode: 0o600 });
    await writeWhole(deps.files, deps.directory, SERVER_CERT, { text: made.cert, mode: 0o644 });
  } catch (cause) {
    deps.log('error', 'server certificate cannot be written and serves from memory', { cause: messageOf(cause) });
  }
  return made;
}

/** The stored pair, or why it cannot serve. */
async function readServer(
  deps: CertificateDeps,
  ca: X509Certificate,
): Promise<{ readonly pair: KeyAndCertificate } | { readonly why: string }> {
  const { files, directory } = deps;
  const [certPem, keyPem] = await Promise.all([
    files.read(`${directory}/${SERVER_CERT}`),
    files.read(`${directory}/${SERVER_KEY}`),
  ]);
  if (certPem === undefined) return { why: keyPem === undefined ? 'there is none' : `${SERVER_CERT} is absent` };
  if (keyPem === undefined) return { why: `${SERVER_KEY} is absent` };
  const cert = readCertificate(certPem);
  const key = readKey(keyPem);
  const now = deps.clock.now();
  if (cert === undefined) return { why: `${SERVER_CERT} is damaged` };
  if (key === undefined) return { why: `${SERVER_KEY} is damaged` };
  if (!cert.checkPrivateKey(key)) return { why: `${SERVER_KEY} does not belong to ${SERVER_CERT}` };
  if (!cert.checkIssued(ca) || !cert.verify(ca.publicKey)) return { why: 'it is not signed by the CA' };
  if (!isClockSet(now)) return { pair: { cert: withLineEnd(certPem), key: keyPem } };
  if (Date.parse(cert.validFrom) > now) return { why: 'it is not valid yet' };
  if (Date.parse(cert.validTo) <= now) return { why: `it ended ${cert.validTo}` };
  return { pair: { cert: withLineEnd(certPem), key: keyPem } };
}

/** Why a pair that serves should be replaced all the same. */
function lackOf(pair: KeyAndCertificate, names: ServerNames, now: Millis): string | undefined {
  const cert = new X509Certificate(pair.cert);
  if (isClockSet(now) && Date.parse(cert.validTo) < plus(now, RENEW_BEFORE)) return `it ends ${cert.validTo}`;
  const missing =
    names.dns.find((name) => cert.checkHost(name) === undefined) ??
    names.ips.find((ip) => cert.checkIP(ip) === undefined);
  return missing === undefined ? undefined : `it does not name ${missing}`;
}

/** One name the CA does not permit would make clients refuse the whole certificate, so such a name is left out. */
function namesWithin({ names, log, directory }: CertificateDeps, ca: X509Certificate): ServerNames {
  const permitted = permittedDnsSuffixes(ca.raw);
  if (permitted === undefined) return names;
  const outside = names.dns.filter((name) => !isPermitted(name, permitted));
  if (outside.length === 0) return names;
  log('warn', 'host name is not one the CA may vouch for; use an address, or delete both CA files for a new CA', {
    names: outside,
    permitted,
    files: [`${directory}/${CA_CERT}`, `${directory}/${CA_KEY}`],
  });
  return { ...names, dns: names.dns.filter((name) => !outside.includes(name)) };
}

/** A CA out of its time is served on: clients refuse it, but the appliance guards, and the log says what to do. */
function warnOfTime({ clock, log, directory }: CertificateDeps, { validFrom, validTo }: X509Certificate): void {
  const now = clock.now();
  if (!isClockSet(now)) return;
  if (Date.parse(validFrom) <= now && Date.parse(validTo) > plus(now, SERVER_LIFETIME)) return;
  const file = `${directory}/${CA_CERT}`;
  log(
    'warn',
    'CA certificate is not valid for a year from now; check the clock, or delete both CA files for a new CA',
    {
      file,
      validFrom,
      validTo,
    },
  );
}

function damaged({ directory }: CertificateDeps, file: string, what: string): Refusal {
  return fail(
    'tls',
    `${directory}/${file} ${what}. It is not replaced, because clients trust this CA: ` +
      `restore it from a copy, or delete ${CA_CERT} and ${CA_KEY} there to have a new CA made at the next start`,
  );
}

const plausibleNow = ({ clock }: CertificateDeps): Millis => Math.max(clock.now(), EARLIEST) as Millis;

function validity(deps: CertificateDeps, lifetime: Millis) {
  const notBefore = (plausibleNow(deps) - BACKDATE) as Millis;
  const serial = Uint8Array.from(deps.random.bytes(16));
  // Positive and of full length: the top bit clear, the next one set.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return { notBefore, notAfter: (notBefore + lifetime - 1000) as Millis, serial: Buffer.from(serial).toString('hex') };
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const isP256 = (key: KeyObject | undefined): boolean => key?.asymmetricKeyDetails?.namedCurve === 'prime256v1';

const withLineEnd = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);
