import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { ServerAnswer, ServerQuestion } from '../../../../actors/controller-link/ask-server.ts';
import { certificateRequest, newClientKey } from '../../../../actors/controller-link/certificate-request.ts';
import { Enrolment } from '../../../../actors/controller-link/enrolment.ts';
import { IdentityFiles, validityOf } from '../../../../actors/controller-link/identity-file.ts';
import { makeDeviceKey } from '../../../../actors/identity/device-key.ts';
import {
  decodeEnrolmentRequest,
  encodeEnrolmentRefusal,
  encodeEnrolmentReply,
} from '../../../../actors/link-wire/index.ts';
import { fail, ok, type Result } from '../../../../core/base/result.ts';
import { enrolmentTokenText, readEnrolmentToken } from '../../../../core/link/enrolment-token.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { identityOf, SITE_SERIAL } from '../../../support/link/link-site.ts';
import { MemoryFiles } from '../../../support/memory-files.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const TOKEN = {
  url: 'https://fleet.example.net:8443/enroll',
  name: 'spring-2026',
  secret: 'c0'.repeat(32) as Hex,
  authority: 'ab'.repeat(32) as Hex,
};

test('a token is read as it was made, and nothing else is one', () => {
  const text = enrolmentTokenText(TOKEN);
  assert.match(text, /^bze1\.[A-Za-z0-9_-]+$/);
  assert.deepEqual(readEnrolmentToken(` ${text}\n`), ok(TOKEN));
  for (const wrong of [
    '',
    'bze1.',
    text.slice(5),
    text.slice(0, -4),
    enrolmentTokenText({ ...TOKEN, url: 'http://fleet.example.net' }),
    enrolmentTokenText({ ...TOKEN, name: '../etc' }),
    enrolmentTokenText({ ...TOKEN, secret: 'c0' as Hex }),
    enrolmentTokenText({ ...TOKEN, authority: '' as Hex }),
  ])
    assert.equal(readEnrolmentToken(wrong).ok, false, wrong);
  fc.assert(fc.property(fc.string(), (junk) => readEnrolmentToken(`bze1.${junk}`).ok === false));
});

test('what is refused of a token is not repeated', () => {
  const read = readEnrolmentToken(enrolmentTokenText({ ...TOKEN, name: 'NO' }));
  assert.ok(!read.ok && !read.public.includes('c0c0'));
});

test('a certificate request says whose it is and is signed by its key', () => {
  const key = newClientKey();
  const request = Buffer.from(certificateRequest(key, SITE_SERIAL));
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  assert.ok(request.includes(spki));
  assert.ok(request.includes(Buffer.from(SITE_SERIAL)));
  assert.equal(request[0], 0x30);
});

const KEYS = {
  keys: [
    {
      publicKey: 'cd'.repeat(32) as Hex,
      name: 'ops',
      kinds: ['keys' as const],
      notBefore: 0 as never,
      notAfter: 'never' as const,
    },
  ],
};

function site(answer: (question: ServerQuestion) => Promise<Result<ServerAnswer, 'unreachable' | 'untrusted'>>) {
  const disk = new MemoryFiles();
  const files = new IdentityFiles(disk, '/state/controller');
  const clock = new SimulatedClock();
  const questions: ServerQuestion[] = [];
  const enrolment = new Enrolment({
    files,
    ask: (question) => {
      questions.push(question);
      return answer(question);
    },
    device: ok({ serial: SITE_SERIAL, key: makeDeviceKey(new Uint8Array(32).fill(7)) }),
    version: '1.2.3',
    clock,
    log: () => {},
    proxy: () => 'http://proxy:3128',
  });
  return { disk, files, enrolment, questions, clock };
}

const never = new AbortController().signal;
const text = (code: 'revoked' | 'used_token'): ServerAnswer => ({
  status: 403,
  body: encodeEnrolmentRefusal({ code, text: 'no' }),
});

test('a request that was cut off is the same one again: the key was kept', async () => {
  const { enrolment, questions } = site(async () => fail('unreachable', 'cut off'));
  for (let turn = 0; turn < 2; turn++) {
    const answer = await enrolment.enroll(enrolmentTokenText(TOKEN), never);
    assert.equal(answer.ok ? '' : answer.code, 'unreachable');
  }
  const [first, second] = questions.map(({ body }) => decodeEnrolmentRequest(body));
  assert.ok(first?.ok && second?.ok);
  const spki = (request: Uint8Array) => Buffer.from(request).subarray(3, 150).toString('hex');
  assert.equal(spki(first.value.certificateRequest), spki(second.value.certificateRequest));
  assert.deepEqual(
    [first.value.token, first.value.serial, first.value.version, questions[0]?.proxy, questions[0]?.authority],
    ['spring-2026', SITE_SERIAL, '1.2.3', 'http://proxy:3128', TOKEN.authority],
  );
  assert.ok(!questions[0]?.body.toString().includes(TOKEN.secret));
});

for (const { what, answer, code } of [
  { what: 'a refusal', answer: text('used_token'), code: 'refused' },
  { what: 'a revocation', answer: text('revoked'), code: 'revoked' },
  { what: 'an error page', answer: { status: 502, body: Buffer.from('<html>') }, code: 'unreachable' },
  { what: 'junk', answer: { status: 200, body: Buffer.from('<html>') }, code: 'bad_answer' },
  { what: 'a certificate for another', answer: undefined, code: 'bad_answer' },
]) {
  test(`${what} leaves everything as it was`, async () => {
    const other = new X509Certificate(identityOf(0 as never).cert).raw;
    const reply = encodeEnrolmentReply({
      certificates: [other],
      brokerAuthority: other,
      tenant: 'acme',
      shard: 1,
      brokers: ['mqtts://one'],
      keys: KEYS,
      keysGeneration: 1,
    });
    assert.ok(reply.ok);
    const { enrolment, files } = site(async () => ok(answer ?? { status: 200, body: reply.value }));
    const enrolled = await enrolment.enroll(enrolmentTokenText(TOKEN), never);
    assert.equal(enrolled.ok ? '' : enrolled.code, code);
    assert.deepEqual(await files.read(), ok(undefined));
  });
}

test('a revocation is remembered over a restart', async () => {
  const { enrolment, files, clock } = site(async () => ok(text('revoked')));
  const identity = identityOf(clock.now());
  await files.write(identity);
  const renewed = await enrolment.renew(identity, never);
  assert.equal(renewed.ok ? '' : renewed.code, 'revoked');
  const read = await files.read();
  assert.match((read.ok && read.value?.revoked?.why) || '', /no \(revoked\)/);
});

test('the identity is one file for its owner alone, whole or as it was whenever the power fails', async () => {
  for (let dieAt = 1; dieAt < 12; dieAt++) {
    for (const afterEffect of [false, true]) {
      const { disk, files, clock } = site(async () => fail('unreachable', ''));
      await files.write(identityOf(clock.now()));
      disk.dieAt = disk.operations + dieAt;
      disk.afterEffect = afterEffect;
      await files.write({ ...identityOf(clock.now()), tenant: 'other' }).catch(() => undefined);
      disk.reboot('synced');
      const read = await files.read();
      assert.ok(read.ok && ['acme', 'other'].includes(read.value?.tenant ?? ''), `${dieAt}`);
    }
  }
});

test('what cannot be read is damaged, and renewal is due at two thirds of a life', async () => {
  const { disk, files, clock } = site(async () => fail('unreachable', ''));
  await disk.makeDirectory();
  await disk.create('/state/controller/identity.json', '{"format":1}', 0o600);
  const read = await files.read();
  assert.equal(read.ok ? '' : read.code, 'damaged');
  const { from, until, renewAt } = validityOf(identityOf(clock.now()));
  assert.ok(Math.abs((renewAt - from) / (until - from) - 2 / 3) < 0.001);
});
