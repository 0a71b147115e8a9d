import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  issueIssuing,
  issueLeaf,
  issueRevocations,
  issueRoot,
  issueWithKey,
  newCertificateRequest,
  newClientKey,
  readRequest,
} from '../../actors/controller/certificates.ts';
import { days, millis, plus } from '../../core/base/time.ts';

const NOW = millis(Date.UTC(2026, 10, 22));
const validity = (serial: string) => ({ notBefore: NOW, notAfter: plus(NOW, days(10)), serial });

test('a chain from the root to an appliance and a server, each for its use', async () => {
  const root = await issueRoot('acme root', validity('41'));
  const issuing = await issueIssuing('acme issuing', root, validity('42'));
  const { key, publicKey } = newClientKey();
  const read = await readRequest(await newCertificateRequest(key, 'SERIAL'));
  assert.ok(read.ok);
  assert.deepEqual([read.value.commonName, Buffer.from(read.value.publicKey)], ['SERIAL', Buffer.from(publicKey)]);
  const pem = await issueLeaf(
    { authority: issuing, commonName: 'SERIAL', use: 'client' },
    read.value.publicKey,
    validity('43'),
  );
  const [top, middle, leaf] = [root.cert, issuing.cert, pem].map((cert) => new X509Certificate(cert));
  assert.ok(top !== undefined && middle !== undefined && leaf !== undefined);
  assert.ok(top.ca && middle.ca && !leaf.ca);
  assert.ok(leaf.verify(middle.publicKey) && middle.verify(top.publicKey) && top.verify(top.publicKey));
  assert.ok(leaf.checkPrivateKey(createPrivateKey(key)));
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'client authentication only');
  const names = ['broker.example', '192.0.2.1'];
  const server = await issueWithKey({ authority: issuing, commonName: 'broker', use: 'server', names }, validity('44'));
  const broker = new X509Certificate(server.cert);
  assert.deepEqual([broker.checkHost('broker.example'), broker.checkIP('192.0.2.1')], names);
  assert.deepEqual(broker.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('a certificate request that was altered, or is none, is refused', async () => {
  const { key } = newClientKey();
  const request = await newCertificateRequest(key, 'SERIAL');
  const altered = Uint8Array.from(request);
  const at = Buffer.from(request).indexOf('SERIAL');
  altered[at] = 0x54;
  for (const der of [altered, new Uint8Array(0), new Uint8Array(100).fill(0x30), request.subarray(0, 60)]) {
    assert.equal((await readRequest(der)).ok, false);
  }
});

test('a revocation list is labelled as OpenSSL wants it', async () => {
  const root = await issueRoot('acme root', validity('41'));
  const issuing = await issueIssuing('acme issuing', root, validity('42'));
  const list = await issueRevocations(issuing, {
    at: NOW,
    until: plus(NOW, days(1)),
    revoked: [{ serial: '43', at: NOW }],
  });
  assert.match(list, /^-----BEGIN X509 CRL-----\n[\w+/=\n]+\n-----END X509 CRL-----\n$/);
});
