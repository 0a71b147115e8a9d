import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfiguredToken, configuredTokens } from '../../../../actors/identity/configured-tokens.ts';
import { sha256 } from '../../../../actors/identity/effects.ts';
import { storedTokens } from '../../../../actors/identity/token-records.ts';
import { type Token, Tokens } from '../../../../actors/identity/tokens.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { days, hours, type Millis } from '../../../../core/base/time.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { fc } from '../../../support/random.ts';

const SECRET = 'correct-horse-battery-staple';
const NOW = days(20_000);

const effects = {
  readSecret: async (path: string) =>
    path === '/run/secret' ? ok(SECRET) : fail('unreadable', `${path} has mode 0644`),
};

const token = (change: Partial<Token> = {}): Token => ({
  digest: sha256(SECRET),
  name: 'ops',
  scopes: ['admin'],
  source: 'api',
  createdAt: NOW,
  expiresAt: 'never',
  ...change,
});

const load = (...configured: ConfiguredToken[]) => configuredTokens(configured, effects);

for (const [form, entry] of Object.entries<ConfiguredToken>({
  plain: { name: 'ops', scope: 'admin', token: SECRET },
  digest: { name: 'ops', scope: 'admin', token_sha256: sha256(SECRET).toUpperCase() },
  file: { name: 'ops', scope: 'admin', token_file: '/run/secret' },
}))
  test(`a token given as ${form} is found by its text and by no other`, async () => {
    const loaded = await load(entry);
    assert.ok(loaded.ok);
    const tokens = new Tokens('secret');
    for (const token of loaded.value) tokens.add(token);
    assert.equal(tokens.find(SECRET, NOW)?.name, 'ops');
    for (const wrong of [
      '',
      ` ${SECRET}`,
      SECRET.slice(1),
      SECRET.toUpperCase(),
      sha256(SECRET),
      SECRET.padEnd(513, 'x'),
    ]) {
      assert.equal(tokens.find(wrong, NOW), undefined);
    }
  });

test('a lookup depends on nothing but the digest of the whole text', () => {
  const tokens = new Tokens('secret');
  tokens.add(token({ scopes: ['read'] }));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(SECRET.length), (tail, kept) => {
      const guess = SECRET.slice(0, kept) + tail;
      assert.equal(tokens.find(guess, NOW) !== undefined, sha256(guess) === sha256(SECRET));
    }),
  );
});

for (const { entry, says } of [
  { entry: { token: 'short' }, says: /must be 16 to 512/ },
  { entry: { token: 'with a space in its middle' }, says: /printable ASCII/ },
  { entry: { token: 'x'.repeat(513) }, says: /must be 16 to 512/ },
  { entry: { token: 'ünprintable-in-a-header' }, says: /printable ASCII/ },
  { entry: { token_sha256: 'abc' }, says: /64 hex digits/ },
  { entry: { token_file: '/etc/open' }, says: /mode 0644/ },
  { entry: {}, says: /exactly one of/ },
  { entry: { token: SECRET, token_sha256: sha256(SECRET) }, says: /exactly one of/ },
] as const)
  test(`token ${JSON.stringify(entry).slice(0, 50)} is refused by name`, async () => {
    const loaded = await load({ name: 'ops', scope: 'read', ...entry });
    assert.ok(!loaded.ok);
    assert.match(loaded.public, /token "ops"/);
    assert.match(loaded.public, says);
  });

test('one secret under two names is refused, since nobody could say who acted', async () => {
  const loaded = await load(
    { name: 'a', scope: 'admin', token: SECRET },
    { name: 'b', scope: 'read', token_sha256: sha256(SECRET) },
  );
  assert.ok(!loaded.ok);
  assert.equal(loaded.public, 'token "b" is the same as token "a"');
});

test('a token ends at its moment, and an ended admin still counts as one', () => {
  const tokens = new Tokens('secret');
  assert.equal(tokens.hasAdmin(), false);
  tokens.add(token({ expiresAt: NOW }));
  assert.ok(tokens.find(SECRET, (NOW - 1) as Millis));
  assert.equal(tokens.find(SECRET, NOW), undefined);
  assert.equal(tokens.hasAdmin(), true);
});

test('a damaged record is not accepted and is logged', async () => {
  const store = new MemoryStore();
  const good = { name: 'a', scopes: ['read', 'metrics'], createdAt: 1, expiresAt: 'never' };
  const changes = [{ scopes: ['root'] }, { scopes: [] }, { scopes: 'read' }, { expiresAt: null }, { name: 1 }];
  const records = [good, null, {}, 'x', ...changes.map((change) => ({ ...good, ...change }))];
  await store.commit(records.map((value, i) => ({ put: identityKeys.token(`${i}`), value })));
  const logged: string[] = [];
  const { tokens, damaged } = await storedTokens(store, (_, message) => void logged.push(message));
  assert.deepEqual(
    tokens.map(({ name, digest }) => [name, digest]),
    [['a', '0']],
  );
  assert.equal(damaged, records.length - 1);
  assert.equal(logged.length, damaged);
});

test('public ids are stable, differ by token and by installation, and are not read off the digest', () => {
  const [here, elsewhere] = [new Tokens('secret'), new Tokens('another secret')];
  const [one, two] = [here.add(token()), here.add(token({ digest: sha256('another') }))];
  assert.match(one.id, /^[0-9a-f]{32}$/);
  assert.equal(new Tokens('secret').add(token()).id, one.id);
  assert.equal(new Set([one.id, two.id, elsewhere.add(token()).id]).size, 3);
  assert.equal(one.digest.includes(one.id), false);
  assert.equal(here.withId(one.id), one);
  here.remove(one);
  assert.deepEqual([here.withId(one.id), here.find(SECRET, NOW)], [undefined, undefined]);
});

test('a use is noted once a UTC day, whichever way the clock goes', () => {
  const tokens = new Tokens('secret');
  const { digest } = tokens.add(token(), NOW);
  const at = (hour: number) => tokens.touch(digest, (NOW + hours(hour)) as Millis);
  assert.deepEqual(
    [0, 23, 24, 47, 23].map((hour) => at(hour)),
    [undefined, undefined, NOW + hours(24), undefined, NOW],
  );
});

test('while the clock is not set, a token with an expiry opens nothing, one without does', () => {
  const tokens = new Tokens('secret');
  tokens.add(token({ expiresAt: (NOW + days(30)) as Millis }));
  tokens.add(token({ digest: sha256('lasting'), scopes: ['read'] }));
  assert.ok(tokens.find(SECRET, (NOW - hours(23)) as Millis), 'a clock that was put right by a little');
  for (const unset of [0, NOW - days(2)] as Millis[]) {
    assert.equal(tokens.find(SECRET, unset), undefined);
    assert.ok(tokens.find('lasting', unset));
    assert.equal(tokens.hasOtherAdmin('another', unset), false);
  }
});
