import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { type RawClient, tcpClient } from '../../support/raw-client.ts';
import { CERTIFICATES, get, type MakeEngine, openBench } from './bench.ts';

const commonName = ({ socket }: RawClient): unknown =>
  socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;

/** What the listener speaks, and the change of certificates. */
export function tlsCases(name: string, make: MakeEngine): void {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`${name}: ${version} is spoken`, async (t) => {
      const client = await (await openBench(t, make)).connect({ minVersion: version, maxVersion: version });
      client.send(get('/'));
      assert.equal((await client.response()).status, 200);
    });

  for (const version of ['TLSv1', 'TLSv1.1'] as const)
    test(`${name}: ${version} is refused`, async (t) => {
      const bench = await openBench(t, make);
      await assert.rejects(bench.connect({ minVersion: version, maxVersion: version, ciphers: 'ALL@SECLEVEL=0' }));
    });

  test(`${name}: a suite without forward secrecy is refused`, async (t) => {
    const bench = await openBench(t, make);
    await assert.rejects(bench.connect({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }));
  });

  test(`${name}: ALPN settles on http/1.1, and h2 alone finds nobody; or nothing is settled`, async (t) => {
    const { connect, capabilities } = await openBench(t, make);
    const { socket } = await connect({ ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket instanceof TLSSocket && socket.alpnProtocol, capabilities.alpn && 'http/1.1');
    if (capabilities.alpn) await assert.rejects(connect({ ALPNProtocols: ['h2'] }));
  });

  test(`${name}: plain HTTP to the TLS port is closed and harms nobody`, async (t) => {
    const bench = await openBench(t, make);
    const plain = await tcpClient({ host: '127.0.0.1', port: bench.listener.port });
    t.after(() => plain.destroy());
    plain.send(get('/'));
    await plain.untilClosed();
    const client = await bench.connect();
    client.send(get('/'));
    assert.equal((await client.response()).status, 200);
  });

  test(`${name}: a new certificate is for new connections, the old ones live on`, async (t) => {
    const { listener, connect } = await openBench(t, make);
    const old = await connect();
    assert.ok(listener.reload(CERTIFICATES.two).ok);
    const fresh = await connect();
    assert.deepEqual([commonName(old), commonName(fresh)], ['test-one', 'test-two']);
    for (const client of [old, fresh]) {
      client.send(get('/'));
      assert.equal((await client.response()).status, 200);
    }
    await assert.rejects(connect({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }));
  });

  test(`${name}: an unusable certificate is refused and the old one stays`, async (t) => {
    const { listener, connect } = await openBench(t, make);
    const mixed = { key: CERTIFICATES.one.key, cert: CERTIFICATES.two.cert };
    for (const bad of [mixed, { key: '', cert: '' }, { key: 'x', cert: 'y' }]) {
      const reloaded = listener.reload(bad);
      assert.equal(reloaded.ok ? 'accepted' : reloaded.code, 'bad_certificate');
      assert.equal(commonName(await connect()), 'test-one');
    }
  });
}
