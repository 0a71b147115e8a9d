import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, createServer, type SecureVersion } from 'node:tls';
import { promisify } from 'node:util';
import { ensureCertificates, type TlsMaterial } from '../../../actors/identity/certificates.ts';
import { systemEffects } from '../../../actors/identity/effects.ts';
import { serverNames } from '../../../actors/identity/names.ts';
import { days, type Millis } from '../../../core/base/time.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

const run = promisify(execFile);
const random = seededRandom();
/** Real clients judge validity by the real time. */
const now = Date.now();

let root: string;
let made = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-tls-'));
});
after(() => rm(root, { recursive: true }));

interface Settings {
  readonly directory?: string;
  readonly hostname?: string;
  readonly listen?: readonly string[];
  readonly host?: readonly string[];
  readonly at?: number;
}

async function ensure({
  hostname = 'edge1.example.org',
  listen = ['192.0.2.1', '2001:db8::1'],
  ...rest
}: Settings = {}) {
  const { directory = join(root, String(made++), 'tls'), at = now, host = [] } = rest;
  const logged: string[] = [];
  const result = await ensureCertificates({
    files: systemEffects.files,
    clock: new SimulatedClock(at),
    random,
    log: (level, message, about) => void logged.push(`${level} ${message} ${JSON.stringify(about)}`),
    directory,
    names: serverNames(hostname, { listen, host }),
  });
  return { directory, logged, result };
}

async function certificates(
  settings?: Settings,
): Promise<TlsMaterial & { readonly directory: string; readonly logged: string[] }> {
  const { result, ...rest } = await ensure(settings);
  assert.ok(result.ok, result.ok ? '' : result.public);
  return { ...result.value, ...rest };
}

const openssl = async (...args: string[]): Promise<string> => (await run('openssl', args)).stdout;

const verify = (directory: string, ...options: string[]): Promise<string> =>
  openssl(
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    ...options,
    '-CAfile',
    `${directory}/ca.crt`,
    `${directory}/server.crt`,
  );

test('openssl accepts the chain strictly, for every name and for no other', async () => {
  const { directory } = await certificates();
  for (const host of ['edge1.example.org', 'localhost']) await verify(directory, '-verify_hostname', host);
  for (const ip of ['127.0.0.1', '::1', '192.0.2.1', '2001:db8::1']) await verify(directory, '-verify_ip', ip);
  await assert.rejects(verify(directory, '-verify_hostname', 'example.org'));
  await assert.rejects(verify(directory, '-verify_ip', '192.0.2.2'));
});

test('the certificates say what browsers ask for, and the CA no more than it needs', async () => {
  const { directory } = await certificates();
  const server = await openssl('x509', '-in', `${directory}/server.crt`, '-noout', '-text');
  for (const line of [
    'NIST CURVE: P-256',
    'ecdsa-with-SHA256',
    'CA:FALSE',
    'Digital Signature',
    'TLS Web Server Authentication',
  ]) {
    assert.ok(server.includes(line), line);
  }
  const ca = await openssl('x509', '-in', `${directory}/ca.crt`, '-noout', '-text');
  for (const line of [
    'NIST CURVE: P-256',
    'CA:TRUE, pathlen:0',
    'Certificate Sign, CRL Sign',
    'Name Constraints: critical',
    'DNS:edge1.example.org',
  ]) {
    assert.ok(ca.includes(line), line);
  }
});

test('the server certificate lasts no longer than browsers take, the CA ten years', async () => {
  const { cert, ca } = await certificates();
  const lifetime = (pem: string): number => {
    const { validFrom, validTo } = new X509Certificate(pem);
    return Date.parse(validTo) - Date.parse(validFrom);
  };
  assert.ok(lifetime(cert) <= days(397) && lifetime(cert) > days(396));
  assert.ok(lifetime(ca) > days(3650) && lifetime(ca) < days(3654));
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as SecureVersion[])
  test(`a client that trusts the CA completes a ${version} handshake and sees the printed fingerprint`, async () => {
    const { cert, key, ca, fingerprint } = await certificates();
    const server = createServer({ cert, key, minVersion: version, maxVersion: version }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const handshake = async (host: string) => {
      const socket = connect({ port, host: '127.0.0.1', ca, servername: host });
      try {
        await once(socket, 'secureConnect');
        return socket.getPeerCertificate(true);
      } finally {
        socket.destroy();
      }
    };
    try {
      const peer = await handshake('edge1.example.org');
      assert.equal(peer.fingerprint256, fingerprint);
      assert.equal(peer.issuerCertificate.fingerprint256, new X509Certificate(ca).fingerprint256, 'the chain is sent');
      await assert.rejects(handshake('other.example.org'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    } finally {
      server.close();
    }
  });

test('a stolen CA key cannot vouch for a foreign name', async () => {
  const { directory } = await certificates();
  const extensions = join(directory, 'x.cnf');
  await writeFile(
    extensions,
    'subjectAltName=DNS:bank.example\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n',
  );
  await openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=bank.example',
    '-keyout',
    join(directory, 'x.key'),
    '-out',
    join(directory, 'x.csr'),
  );
  await openssl(
    'x509',
    '-req',
    '-in',
    join(directory, 'x.csr'),
    '-CA',
    `${directory}/ca.crt`,
    '-CAkey',
    `${directory}/ca.key`,
    '-extfile',
    extensions,
    '-days',
    '9',
    '-out',
    join(directory, 'x.crt'),
  );
  await assert.rejects(
    openssl('verify', '-CAfile', `${directory}/ca.crt`, join(directory, 'x.crt')),
    /permitted subtree violation/,
  );
});

test('files are private to the owner, and nothing else is left behind', async () => {
  const { directory } = await certificates();
  assert.deepEqual((await readdir(directory)).sort(), ['ca.crt', 'ca.key', 'server.crt', 'server.key']);
  const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
  assert.equal(await mode(directory), '700');
  assert.equal(await mode(`${directory}/ca.key`), '600');
  assert.equal(await mode(`${directory}/server.key`), '600');
});

test('a later start changes nothing', async () => {
  const first = await certificates();
  const again = await certificates({ directory: first.directory, at: now + days(300) });
  assert.deepEqual({ ...again, logged: [] }, { ...first, logged: [] });
  assert.deepEqual(again.logged, []);
});

interface Reason {
  readonly why: string;
  readonly settings?: Settings;
  readonly damage?: Readonly<Record<string, string | undefined>>;
}

const reasons: readonly Reason[] = [
  { why: 'it ends', settings: { at: now + days(370) } },
  { why: 'it is not valid yet', settings: { at: now - days(2) } },
  { why: 'it does not name 198.51.100.1', settings: { host: ['198.51.100.1'] } },
  { why: 'server.crt is damaged', damage: { 'server.crt': '-----BEGIN CERTIFICATE-----\nMII' } },
  { why: 'server.crt is damaged', damage: { 'server.crt': '' } },
  { why: 'it ended', settings: { at: now + days(398) } },
  { why: 'server.key is damaged', damage: { 'server.key': 'x' } },
  { why: 'server.key is absent', damage: { 'server.key': undefined } },
  { why: 'server.crt is absent', damage: { 'server.crt': undefined } },
];

for (const { why, settings, damage } of reasons)
  test(`the server certificate is made again under the same CA when ${why} (${JSON.stringify(damage ?? settings)})`, async () => {
    const first = await certificates();
    for (const [file, text] of Object.entries(damage ?? {})) {
      if (text === undefined) await rm(join(first.directory, file));
      else await writeFile(join(first.directory, file), text);
    }
    const again = await certificates({ directory: first.directory, ...settings });
    assert.equal(again.ca, first.ca);
    assert.notEqual(again.fingerprint, first.fingerprint);
    assert.equal(again.logged.filter((line) => line.startsWith('warn server certificate is made')).length, 1);
    assert.ok(again.logged.join().includes(why));
    const { fingerprint } = await certificates({ directory: first.directory, ...settings });
    assert.equal(fingerprint, again.fingerprint, 'once is enough');
  });

test('a server certificate of another CA is made again', async () => {
  const [mine, other] = [await certificates(), await certificates()];
  for (const file of ['server.crt', 'server.key']) {
    await writeFile(join(mine.directory, file), file.endsWith('key') ? other.key : other.cert);
  }
  const again = await certificates({ directory: mine.directory });
  assert.match(again.logged.join(), /not signed by the CA/);
  await verify(mine.directory);
});

for (const { what, file, text, says } of [
  {
    what: 'a damaged CA key',
    file: 'ca.key',
    text: '-----BEGIN PRIVATE KEY-----\nMII',
    says: /ca\.key is not a P-256 private key/,
  },
  { what: 'an empty CA key', file: 'ca.key', text: '', says: /ca\.key is not a P-256 private key/ },
  { what: 'a damaged CA certificate', file: 'ca.crt', text: '', says: /ca\.crt is not a CA certificate/ },
  {
    what: 'a CA certificate that is none',
    file: 'ca.crt',
    text: 'server.crt',
    says: /ca\.crt is not a CA certificate/,
  },
  { what: 'a CA key of another CA', file: 'ca.key', text: 'server.key', says: /ca\.key does not belong to ca\.crt/ },
] as const)
  test(`${what} is refused, named, and left as it is`, async () => {
    const { directory, cert, key } = await certificates();
    const written = text === 'server.crt' ? cert : text === 'server.key' ? key : text;
    await writeFile(join(directory, file), written);
    const { result } = await ensure({ directory });
    assert.ok(!result.ok);
    assert.match(result.public, says);
    assert.match(result.public, /delete ca\.crt and ca\.key/);
    const kept = await systemEffects.files.read(join(directory, file));
    assert.equal(kept, written);
  });

test('a CA key kept elsewhere is missed only when nothing can serve without it', async () => {
  const { directory, fingerprint } = await certificates();
  await rm(join(directory, 'ca.key'));
  const soon = await certificates({ directory, at: now + days(390) });
  assert.equal(soon.fingerprint, fingerprint);
  assert.match(soon.logged.join(), /error server certificate should be made again, but the CA key is absent.*it ends/);
  const { result } = await ensure({ directory, at: now + days(398) });
  assert.ok(!result.ok);
  assert.match(result.public, /ca\.key is absent, and server\.crt has to be made/);
});

test('an IPv6 address of an interface is vouched for, but makes no new certificate', async () => {
  const { directory, fingerprint } = await certificates({ host: ['2001:db8::a'] });
  await verify(directory, '-verify_ip', '2001:db8::a');
  assert.equal((await certificates({ directory, host: ['2001:db8::b'] })).fingerprint, fingerprint);
});

test('a lost CA certificate comes back with its key and name, and what was signed stays good', async () => {
  const first = await certificates();
  await rm(join(first.directory, 'ca.crt'));
  const again = await certificates({ directory: first.directory });
  assert.equal(again.fingerprint, first.fingerprint);
  assert.equal(new X509Certificate(again.ca).subject, new X509Certificate(first.ca).subject);
  await verify(first.directory);
});

test('with both CA files gone there is a new CA', async () => {
  const first = await certificates();
  await Promise.all(['ca.crt', 'ca.key'].map((file) => rm(join(first.directory, file))));
  const again = await certificates({ directory: first.directory });
  assert.notEqual(again.ca, first.ca);
  await verify(first.directory);
});

test('a host name outside the constraints is left out and named, once and for all', async () => {
  const { directory } = await certificates();
  const renamed = await certificates({ directory, hostname: 'www.example.com' });
  assert.match(renamed.logged.join(), /warn host name is not one the CA may vouch for.*www\.example\.com/);
  assert.equal(renamed.logged.length, 1, 'the certificate itself serves on');
  assert.deepEqual(renamed.unnamed, ['www.example.com']);
  await verify(directory, '-verify_hostname', 'localhost');
});

test('a clock that is not set yet dates nothing before the product', async () => {
  const { cert } = await certificates({ at: 0 });
  assert.ok(Date.parse(new X509Certificate(cert).validFrom) >= Date.UTC(2025, 11, 31));
});

test('a boot without a clock replaces nothing, and complains of nothing', async () => {
  const { directory, fingerprint } = await certificates();
  const again = await certificates({ directory, at: 0 });
  assert.deepEqual([again.fingerprint, again.logged], [fingerprint, []]);
});

test('a CA in its last year is announced', async () => {
  const { directory } = await certificates();
  const { logged } = await certificates({ directory, at: (now + days(3400)) as Millis });
  assert.match(logged.join(), /warn CA certificate is not valid for a year/);
});

test('a place that cannot be written is refused with its name', async () => {
  const directory = join(root, 'file');
  await writeFile(directory, '');
  const { result } = await ensure({ directory: join(directory, 'tls') });
  assert.ok(!result.ok);
  assert.match(result.public, /file\/tls cannot be set up: ENOTDIR/);
});
