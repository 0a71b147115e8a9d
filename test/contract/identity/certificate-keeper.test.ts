import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type PeerCertificate, TLSSocket, connect as tlsConnect } from 'node:tls';
import { nodeEngine } from '../../../actors/http/index.ts';
import { type CertificateFiles, openCertificates } from '../../../actors/identity/certificate-keeper.ts';
import { ensureCertificates } from '../../../actors/identity/certificates.ts';
import { systemEffects } from '../../../actors/identity/effects.ts';
import { serverNames } from '../../../actors/identity/names.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { days, millis } from '../../../core/base/time.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { tlsClient } from '../../support/raw-client.ts';
import { realClock } from '../../support/real-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { CERTIFICATES, echo, get } from '../http-engine/bench.ts';

const random = seededRandom();

/** A real clock whose wall can be set, and whose minutes pass in a hundredth of one. */
function quickClock() {
  let set = 0;
  const clock: Clock = {
    now: () => millis(realClock.now() + set),
    after: (delay, run) => realClock.after(millis(delay / 100), run),
  };
  const jump = (length: number) => {
    set += length;
  };
  return { clock, jump };
}

interface Options {
  readonly files?: (folder: string) => CertificateFiles;
  readonly more?: readonly string[];
  readonly clock?: Clock;
}

/** A keeper over a real folder and a real listener that serves what it keeps. */
async function fixture(t: TestContext, { files, more = [], clock = quickClock().clock }: Options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-tls-'));
  const names = () => serverNames('edge', { more, listen: ['127.0.0.1'], host: [] });
  const directory = join(folder, 'tls');
  const log = () => {};
  const opened = await openCertificates({
    clock,
    log,
    effects: systemEffects,
    names,
    ensure: (wanted) =>
      ensureCertificates({ files: systemEffects.files, clock, random, log, directory, names: wanted }),
    ...(files === undefined ? {} : { files: files(folder) }),
  });
  assert.ok(opened.ok);
  const keeper = opened.value;
  const listening = await nodeEngine({ clock: realClock, log }).listen(
    { host: '127.0.0.1', port: 0 },
    keeper.tls,
    echo,
  );
  assert.ok(listening.ok);
  const listener = listening.value;
  keeper.onChange((tls) => assert.ok(listener.reload(tls).ok));
  await keeper.start(() => {});
  const clients: RawClient[] = [];
  t.after(async () => {
    await keeper.stop();
    for (const client of clients) client.destroy();
    await listener.stop(millis(0));
    rmSync(folder, { recursive: true });
  });
  return {
    folder,
    keeper,
    connect: async () => {
      const client = await tlsClient(listener.port);
      clients.push(client);
      return client;
    },
    /** A handshake by a client that trusts the appliance's CA and nothing else. */
    handshake: async (host: string): Promise<PeerCertificate> => {
      const ca = await systemEffects.files.read(`${directory}/ca.crt`);
      const socket = tlsConnect({ port: listener.port, host: '127.0.0.1', ca: ca ?? '', servername: host });
      try {
        await once(socket, 'secureConnect');
        return socket.getPeerCertificate();
      } finally {
        socket.destroy();
      }
    },
  };
}

const nameOf = ({ socket }: RawClient): unknown =>
  socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;

const serves = async (client: RawClient): Promise<void> => {
  client.send(get('/'));
  assert.equal((await client.response()).status, 200);
};

test('configured names are in the certificate, and no others are', async (t) => {
  const { handshake } = await fixture(t, { more: ['console.edge.example.net', '192.0.2.77', 'EDGE2.'] });
  for (const host of ['console.edge.example.net', 'edge2', 'edge', 'localhost']) await handshake(host);
  const { subjectaltname = '' } = await handshake('edge');
  assert.match(subjectaltname, /IP Address:192\.0\.2\.77/);
  await assert.rejects(handshake('other.example.net'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

test('the own certificate is renewed before its end under the same CA; connections live on', async (t) => {
  const { clock, jump } = quickClock();
  const { keeper, connect, handshake } = await fixture(t, { clock });
  const before = keeper.tls;
  const old = await connect();
  jump(days(397) - days(29));
  await until('the renewal', () => keeper.tls.fingerprint !== before.fingerprint);
  await serves(old);
  assert.ok(keeper.tls.validTo > before.validTo);
  const [, chained = ''] = before.cert.match(/-----BEGIN[\s\S]+?END CERTIFICATE-----\n/g) ?? [];
  assert.ok(new X509Certificate(keeper.tls.cert).verify(new X509Certificate(chained).publicKey));
  const fresh = await connect();
  await serves(fresh);
  assert.ok(fresh.socket instanceof TLSSocket);
  assert.equal(fresh.socket.getPeerCertificate().fingerprint256, keeper.tls.fingerprint);
  // This machine's own clock has not jumped: to a real client the new one is not valid yet.
  await assert.rejects(handshake('edge'), { code: 'CERT_NOT_YET_VALID' });
});

test('a device that starts without a clock is reached again once it has one', async (t) => {
  const { clock, jump } = quickClock();
  jump(-clock.now());
  const { keeper, handshake } = await fixture(t, { clock });
  const before = keeper.tls.fingerprint;
  const real = realClock.now();
  jump(days(1000) + real - clock.now());
  await until('a certificate of that time', () => keeper.tls.fingerprint !== before);
  jump(real - clock.now());
  await until('a certificate of this time', () => keeper.tls.validFrom <= real);
  await handshake('edge');
});

const write = (folder: string, which: keyof typeof CERTIFICATES): CertificateFiles => {
  mkdirSync(folder, { recursive: true });
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, CERTIFICATES[which].cert);
  writeFileSync(files.key, CERTIFICATES[which].key);
  return files;
};

test("an operator's files are served, and taken up when they are written anew; connections live on", async (t) => {
  const { folder, connect, keeper } = await fixture(t, { files: (root) => write(join(root, 'ssl'), 'one') });
  const old = await connect();
  assert.equal(nameOf(old), 'test-one');
  write(join(folder, 'ssl'), 'two');
  await until('the new certificate', async () => nameOf(await connect()) === 'test-two');
  await serves(old);
  assert.equal(keeper.component().state, 'ok');

  writeFileSync(join(folder, 'ssl/key.pem'), CERTIFICATES.one.key);
  await until('the complaint', () => keeper.component().state === 'degraded');
  assert.match(keeper.component().message ?? '', /do not belong together; the one before serves on/);
  assert.equal(nameOf(await connect()), 'test-two');
  rmSync(join(folder, 'ssl'), { recursive: true });
  await until('the other complaint', () => /ENOENT/.test(keeper.component().message ?? ''));
  assert.equal(nameOf(await connect()), 'test-two');
  write(join(folder, 'ssl'), 'one');
  await until('the files that came back', async () => nameOf(await connect()) === 'test-one');
  assert.equal(keeper.component().state, 'ok');
});

test('links that a renewal points elsewhere are followed, as certbot and orchestrators have them', async (t) => {
  const { folder, connect } = await fixture(t, {
    files: (root) => {
      write(join(root, 'archive/1'), 'one');
      symlinkSync('archive/1', join(root, 'live'));
      return { cert: join(root, 'live/cert.pem'), key: join(root, 'live/key.pem') };
    },
  });
  assert.equal(nameOf(await connect()), 'test-one');
  write(join(folder, 'archive/2'), 'two');
  symlinkSync('archive/2', join(folder, 'live.new'));
  renameSync(join(folder, 'live.new'), join(folder, 'live'));
  await until('the new certificate', async () => nameOf(await connect()) === 'test-two');
});

test('files that are not there at the start are taken up when they come', async (t) => {
  const { folder, keeper, connect } = await fixture(t, {
    files: (root) => ({ cert: join(root, 'late/cert.pem'), key: join(root, 'late/key.pem') }),
  });
  assert.equal(keeper.tls.source, 'own');
  assert.match(keeper.component().message ?? '', /ENOENT.*the own certificate serves instead/);
  write(join(folder, 'late'), 'one');
  await until('the files', async () => nameOf(await connect()) === 'test-one');
});

test('what is no plain file of a fitting size is refused without waiting for it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-pem-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  writeFileSync(join(folder, 'large'), 'x'.repeat(262_145));
  for (const [name, why] of [
    ['pipe', /is not a regular file/],
    ['', /is not a regular file/],
    ['large', /is larger than 262144 bytes/],
    ['absent', /ENOENT/],
  ] as const) {
    const read = await systemEffects.readPem(join(folder, name));
    assert.match(read.ok ? '' : read.public, why);
  }
  const devices = await systemEffects.readPem('/dev/zero');
  assert.equal(devices.ok, false);
});

test('a folder tells of changes while it is watched; one that is missing tells nothing and harms nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-watch-'));
  t.after(() => rmSync(folder, { recursive: true }));
  let told = 0;
  const stop = systemEffects.watch([join(folder, 'a'), join(folder, 'b'), join(folder, 'none/c')], () => told++);
  writeFileSync(join(folder, 'a'), '');
  await until('the notice', () => told > 0);
  stop();
});
