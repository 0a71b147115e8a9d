import assert from 'node:assert/strict';
import { createHash, verify } from 'node:crypto';
import { test } from 'node:test';
import { digestOf, makeSigner, readSigner, verifies } from '../../../../actors/link-wire/index.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { keyIdOf } from '../../../../core/link/keys.ts';

const seed = createHash('sha256').update('a').digest();
const bytes = new TextEncoder().encode('order');

test('a signature is good for its key, its purpose and its bytes alone', () => {
  const signer = makeSigner(seed);
  const other = makeSigner(createHash('sha256').update('b').digest());
  const signature = signer.sign('order', bytes);
  assert.equal(signature.length, 64);
  assert.equal(signer.keyId, keyIdOf(signer.publicKey));
  assert.ok(verifies(signer.publicKey, 'order', bytes, signature));
  assert.ok(!verifies(other.publicKey, 'order', bytes, signature));
  assert.ok(!verifies(signer.publicKey, 'enrolment', bytes, signature));
  assert.ok(!verifies(signer.publicKey, 'order', bytes.subarray(1), signature));
  assert.ok(!verifies(signer.publicKey, 'order', bytes, signature.subarray(1)));
  assert.ok(!verifies('ff'.repeat(32) as Hex, 'order', bytes, signature));
  assert.ok(!verifies('ab' as Hex, 'order', bytes, signature));
});

test('the text that is signed is the purpose, a zero byte and the bytes', () => {
  const signer = makeSigner(seed);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(signer.publicKey, 'hex')]);
  const key = { key: spki, format: 'der', type: 'spki' } as const;
  assert.ok(verify(null, Buffer.from('bartizan/1/order\0order'), key, signer.sign('order', bytes)));
});

test('a key is kept in PEM', () => {
  const signer = makeSigner(seed);
  const read = readSigner(signer.pem);
  assert.ok(read.ok);
  assert.equal(read.value.publicKey, signer.publicKey);
  assert.equal(readSigner('x').ok, false);
});

test('keys for which anybody can sign verify nothing', () => {
  const zero = new Uint8Array(64);
  // The neutral point and S = 0 hold for every text under a neutral key.
  zero[0] = 1;
  for (const key of [`01${'00'.repeat(31)}`, `01${'00'.repeat(30)}80`, `ec${'ff'.repeat(30)}7f`]) {
    assert.equal(verifies(key as Hex, 'order', bytes, zero), false);
  }
});

test('a digest is the SHA-256 of the bytes', () => {
  assert.equal(digestOf(new Uint8Array(0)), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
