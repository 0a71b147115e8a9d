/** The fleet's authority: who comes in by a token, who is revoked, and certificates that are made anew. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAuthority } from '../../actors/controller/authority.ts';
import { newCertificateRequest, newClientKey } from '../../actors/controller/certificates.ts';
import { Enrolment } from '../../actors/controller/enrolment.ts';
import { Fleet } from '../../actors/controller/fleet.ts';
import { Happenings } from '../../actors/controller/happenings.ts';
import { addController, initFleet, renewServers } from '../../actors/controller/init.ts';
import { KeyFolder } from '../../actors/controller/key-folder.ts';
import { FleetKeys } from '../../actors/controller/key-ring.ts';
import { type Place, placeIn } from '../../actors/controller/place.ts';
import { Press } from '../../actors/controller/press.ts';
import { settingsIn } from '../../actors/controller/settings-file.ts';
import { makeSigner } from '../../actors/link-wire/index.ts';
import { createRecords, MemoryStore } from '../../actors/store/index.ts';
import { serialOf } from '../../core/field/serial.ts';
import type { EnrolmentReply } from '../../core/link/enrolment.ts';
import { readEnrolmentToken } from '../../core/link/enrolment-token.ts';
import { hexOf } from '../../core/link/hex.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const OPENSSL = '/usr/bin/openssl';
const noOpenssl = existsSync(OPENSSL) ? false : 'openssl is not installed';
const [ONE, TWO] = [serialOf(new Uint8Array(32).fill(1)), serialOf(new Uint8Array(32).fill(2))];

async function fleetIn(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'bartizan-fleet-'));
  t.after(() => rm(root, { recursive: true }));
  // Certificates are judged by OpenSSL's own clock.
  const [clock, random] = [new SimulatedClock(Date.now()), seededRandom(1)];
  const made = await initFleet(
    {
      state: join(root, 'main'),
      tenant: 'acme',
      name: 'main',
      brokers: ['mqtts://broker.example:8883'],
      enrolmentUrl: 'https://ctl.example:8443/enrol',
    },
    { clock, random },
  );
  assert.ok(made.ok);
  const place = placeIn(join(root, 'main'));
  const settings = await settingsIn(place);
  assert.ok(settings.ok);
  return { root, place, settings: settings.value, clock, random };
}

async function enrolmentIn(t: TestContext) {
  const { place, settings, clock, random, root } = await fleetIn(t);
  const records = createRecords(new MemoryStore());
  const happenings = new Happenings(clock);
  const folder = new KeyFolder(place.keys, random);
  const press = new Press({ tenant: 'acme', clock, random, records, keys: folder });
  const link = () => assert.fail('nothing is published here');
  const keys = await FleetKeys.open({
    ...{ tenant: 'acme', clock, log: () => {}, records, keys: folder, press, link },
    firstKeys: place.firstKeys,
  });
  const authority = await openAuthority(place, { clock, random });
  assert.ok(keys.ok && authority.ok);
  const told: number[] = [];
  const fleet = await Fleet.open(records, happenings);
  const { issue } = authority.value;
  const hooks = { issued: async (): Promise<void> => undefined };
  const enrolment = new Enrolment({
    ...{ settings, clock, random, log: () => {}, records, happenings, fleet },
    authority: {
      ...authority.value,
      issue: async (...asked) => {
        const issued = await issue(...asked);
        await hooks.issued();
        return issued;
      },
    },
    keys: keys.value,
    published: async (isNew) => {
      if (isNew) told.push(clock.now());
    },
  });
  return { root, place, clock, enrolment, fleet, hooks, told, ...askerOf(enrolment) };
}

/** Asks as an appliance does; with a certificate of before it is a renewal. */
function askerOf(enrolment: Enrolment) {
  const token = async (serial?: string): Promise<string> => {
    const until = 'never';
    const made = await enrolment.makeToken({ uses: 5, until, labels: {}, ...(serial === undefined ? {} : { serial }) });
    assert.ok(made.ok);
    return made.value.token;
  };
  const ask = async (serial: string, by: string | X509Certificate) => {
    const certificateRequest = await newCertificateRequest(newClientKey().key, serial);
    const device = makeSigner(new Uint8Array(32).fill(serial.charCodeAt(0)));
    const read = typeof by === 'string' ? readEnrolmentToken(by) : undefined;
    const said = read?.ok ? read.value : undefined;
    const proof = said && createHmac('sha256', Buffer.from(said.secret, 'hex')).update(certificateRequest).digest();
    return enrolment.asked(
      {
        token: said?.name ?? '',
        proof: proof && hexOf(proof),
        certificateRequest,
        serial,
        deviceKey: device.publicKey,
        deviceSignature: device.sign('enrolment', certificateRequest),
        version: '1.2.3',
      },
      typeof by === 'string' ? undefined : { commonName: serial, serial: by.serialNumber.toLowerCase() },
    );
  };
  const enrolled = async (serial: string, by: string | X509Certificate): Promise<X509Certificate> => {
    const reply = await ask(serial, by);
    assert.ok(reply.ok, reply.ok ? '' : reply.public);
    return certificateIn(reply.value);
  };
  return { token, ask, enrolled };
}

const certificateIn = ({ certificates: [own] }: EnrolmentReply): X509Certificate =>
  new X509Certificate(own ?? new Uint8Array(0));

/** What OpenSSL, and with it a broker, says of a certificate. */
async function judgedBy({ root, issuing, revocations }: Place, folder: string, cert: X509Certificate): Promise<string> {
  const [chain, leaf] = [join(folder, 'chain.crt'), join(folder, 'leaf.crt')];
  await writeFile(chain, (await readFile(root.cert, 'utf8')) + (await readFile(issuing.cert, 'utf8')));
  await writeFile(leaf, cert.toString());
  const argv = ['verify', '-crl_check', '-purpose', 'sslclient', '-CAfile', chain, '-CRLfile', revocations, leaf];
  return new Promise((tell) => {
    execFile(OPENSSL, argv, (_, out, err) => tell(/revoked/.test(out + err) ? 'revoked' : (out + err).trim()));
  });
}

test('who is revoked is on the list that brokers read, is not renewed, and comes back by a token of its own only', {
  skip: noOpenssl,
}, async (t) => {
  const { root, place, enrolment, told, token, ask, enrolled } = await enrolmentIn(t);
  const any = await token();
  const [first, second] = [await enrolled(ONE, any), await enrolled(TWO, any)];
  const renewed = await enrolled(ONE, first);
  const verdict = (cert: X509Certificate) => judgedBy(place, root, cert);
  assert.match(await verdict(renewed), /OK$/);
  assert.deepEqual(told, []);

  const revoked = await enrolment.revoke(ONE, 'stolen');
  assert.deepEqual(revoked, { ok: true, value: 2 }, 'the renewed one and the one before');
  assert.equal(told.length, 1, 'the broker was told');
  assert.deepEqual([await verdict(first), await verdict(renewed)], ['revoked', 'revoked']);
  assert.match(await verdict(second), /OK$/);
  const codes = [await ask(ONE, renewed), await ask(ONE, any)].map((answer) => (answer.ok ? '' : answer.code));
  assert.deepEqual(codes, ['revoked', 'revoked']);

  const back = await enrolled(ONE, await token(ONE));
  assert.match(await verdict(back), /OK$/);
  assert.deepEqual([await verdict(first), await verdict(renewed)], ['revoked', 'revoked']);
  assert.equal((await enrolment.revoke(serialOf(new Uint8Array(32).fill(3)), '')).ok, false);
});

test('who is revoked while a certificate is being made for it gets none', async (t) => {
  const { clock, enrolment, fleet, hooks, token, ask, enrolled } = await enrolmentIn(t);
  const [any, own] = [await token(), await token(ONE)];
  const first = await enrolled(ONE, any);
  clock.advance(1000);
  hooks.issued = async () => {
    hooks.issued = async () => undefined;
    assert.deepEqual(await enrolment.revoke(ONE, 'stolen'), { ok: true, value: 1 });
  };
  const codeOf = (answer: Awaited<ReturnType<typeof ask>>) => (answer.ok ? '' : answer.code);
  assert.equal(codeOf(await ask(ONE, first)), 'revoked', 'its renewal was under way');
  assert.equal(fleet.member(ONE)?.record.revoked?.reason, 'stolen');
  assert.deepEqual(
    fleet.member(ONE)?.record.certificates.map(({ revokedAt }) => revokedAt),
    [clock.now()],
  );
  assert.equal(codeOf(await ask(ONE, own)), 'revoked', 'a token of its own that it may have had with it');
  await enrolled(ONE, await token(ONE));

  hooks.issued = async () => {
    hooks.issued = async () => undefined;
    await enrolment.revoke(ONE, 'again');
  };
  assert.equal(codeOf(await ask(ONE, any)), 'revoked', 'it came by a token for many once more');
});

test('of renewals at the same moment each certificate is in the book', async (t) => {
  const { enrolment, hooks, token, enrolled } = await enrolmentIn(t);
  const first = await enrolled(ONE, await token());
  let go = (): void => undefined;
  const both = new Promise<void>((tell) => {
    go = tell;
  });
  let made = 0;
  hooks.issued = () => {
    if (++made === 2) go();
    return both;
  };
  await Promise.all([enrolled(ONE, first), enrolled(ONE, first)]);
  assert.deepEqual(await enrolment.revoke(ONE, ''), { ok: true, value: 3 });
});

test('an enrolment in the place of another revokes the certificates of before', { skip: noOpenssl }, async (t) => {
  const { root, place, told, token, enrolled } = await enrolmentIn(t);
  const any = await token();
  const first = await enrolled(ONE, any);
  const again = await enrolled(ONE, any);
  assert.equal(told.length, 1);
  assert.equal(await judgedBy(place, root, first), 'revoked');
  assert.match(await judgedBy(place, root, again), /OK$/);
});

test('certificates of servers and controllers are made anew under the same authority', async (t) => {
  const { root, place, settings, clock, random } = await fleetIn(t);
  const world = { clock, random };
  const issuing = new X509Certificate(await readFile(place.issuing.cert, 'utf8'));
  const certs = async (in_: Place) =>
    Promise.all([in_.own, in_.enrolment, in_.broker].map(async ({ cert }) => readFile(cert, 'utf8').catch(() => '')));
  const before = await certs(place);
  clock.advance(1000 * 86_400_000);
  const renewed = await renewServers(place, settings, undefined, world);
  assert.ok(renewed.ok);
  assert.equal(renewed.value.files.length, 6);
  for (const [i, pem] of (await certs(place)).entries()) {
    const [cert, old] = [new X509Certificate(pem), new X509Certificate(before[i] ?? '')];
    assert.ok(cert.verify(issuing.publicKey));
    assert.equal(cert.subject, old.subject);
    assert.equal(cert.subjectAltName, old.subjectAltName);
    assert.ok(cert.validToDate > old.validToDate);
    assert.notDeepEqual(cert.publicKey.export({ format: 'jwk' }), old.publicKey.export({ format: 'jwk' }));
  }

  const out = join(root, 'second');
  assert.equal((await renewServers(place, settings, { name: 'second', out }, world)).ok, false, 'there is none yet');
  assert.ok((await addController(place, 'second', out, world)).ok);
  const added = (await certs(placeIn(out)))[0];
  assert.ok((await renewServers(place, settings, { name: 'second', out }, world)).ok);
  const [pem = '', ...none] = await certs(placeIn(out));
  assert.notEqual(pem, added);
  assert.match(new X509Certificate(pem).subject, /CN=controller:second/);
  assert.deepEqual(none, ['', ''], 'it has no broker and no enrolment server');
  assert.equal((await renewServers(placeIn(out), settings, undefined, world)).ok, false, 'it has no authority');
});
