import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditKeys } from '../../../../core/keys/audit-keys.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { fc } from '../../../support/random.ts';

const within = (key: string, { gte, lt }: { readonly gte: string; readonly lt: string }): boolean =>
  key >= gte && key < lt;
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);

test('audit keys sort as their serials do', () => {
  const serial = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(serial, serial, (a, b) => {
      assert.equal(auditKeys.record(a) < auditKeys.record(b), a < b);
      assert.ok(within(auditKeys.record(a), auditKeys.records));
    }),
  );
  assert.equal(within(auditKeys.head, auditKeys.records), false);
});

test('credential keys read back and stay within their own range', () => {
  fc.assert(
    fc.property(digest, (hex) => {
      assert.equal(identityKeys.tokenDigest(identityKeys.token(hex)), hex);
      assert.equal(identityKeys.sessionDigest(identityKeys.session(hex)), hex);
      assert.ok(within(identityKeys.token(hex), identityKeys.tokens));
      assert.ok(within(identityKeys.session(hex), identityKeys.sessions));
      assert.equal(within(identityKeys.token(hex), identityKeys.sessions), false);
    }),
  );
  for (const key of [identityKeys.claim, identityKeys.csrfSecret]) {
    assert.equal(within(key, identityKeys.tokens) || within(key, identityKeys.sessions), false);
  }
});
