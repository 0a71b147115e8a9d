import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../../../../actors/identity/effects.ts';
import { MOST_TOKENS } from '../../../../actors/identity/token-desk.ts';
import type { Principal } from '../../../../core/api/auth.ts';
import { days, hours, minutes, plus } from '../../../../core/base/time.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { configured, openBench, rawToken } from '../../../support/identity-bench.ts';

const codeOf = (result: { readonly ok: boolean; readonly code?: string }): string => result.code ?? 'ok';
const adminIn = (principal: Principal | undefined): boolean => principal?.scopes.includes('admin') ?? false;

test('a made token opens what its scopes say, is shown once, and outlives a restart', async () => {
  const { store, logged, make, identity, start } = await openBench(configured('admin'));
  const made = await make({ name: 'panel', scopes: ['read', 'metrics'] });
  assert.match(made.token, /^bzt_[\w-]{43}$/);
  assert.equal((store.dump() + logged.join()).includes(made.token), false, 'stored as SHA-256 only');
  for (const now of [identity, (await start()).identity]) {
    assert.deepEqual(now.token(made.token), {
      kind: 'token',
      name: 'panel',
      scopes: ['read', 'metrics'],
      id: made.id,
    });
    const shown = now.tokens().find(({ id }) => id === made.id) ?? assert.fail();
    assert.deepEqual([shown.name, shown.source, shown.state], ['panel', 'api', 'active']);
    assert.equal('token' in shown, false);
  }
});

test('what was acknowledged was on disk first; a failing disk makes nothing', async () => {
  const { store, make, identity } = await openBench(configured('admin'));
  await make();
  assert.ok(store.commits.at(-1)?.sync);
  store.failing = () => true;
  assert.equal(codeOf(await identity.createToken({ name: 'x', scopes: ['read'], expiresAt: 'never' })), 'failed');
  assert.deepEqual(
    identity.tokens().map(({ name }) => name),
    ['admin', 'made'],
  );
  store.failing = () => false;
  assert.equal(codeOf(await identity.createToken({ name: 'x', scopes: ['read'], expiresAt: 'never' })), 'ok');
});

test('a name is taken once, the config included, by racing requests too', async () => {
  const { identity } = await openBench(configured('admin'));
  const ask = (name: string) => identity.createToken({ name, scopes: ['read'], expiresAt: 'never' });
  assert.equal(codeOf(await ask('admin')), 'taken');
  const codes = (await Promise.all(Array.from({ length: 10 }, () => ask('panel')))).map(codeOf);
  assert.deepEqual(
    [codes.filter((code) => code === 'ok').length, codes.filter((code) => code === 'taken').length],
    [1, 9],
  );
});

test('tokens are bounded', async () => {
  const { identity } = await openBench(configured('admin'));
  const ask = (i: number) => identity.createToken({ name: `t${i}`, scopes: ['read'], expiresAt: 'never' });
  const codes = (await Promise.all(Array.from({ length: MOST_TOKENS + 3 }, (_, i) => ask(i)))).map(codeOf);
  assert.deepEqual(codes.slice(-4), ['ok', 'full', 'full', 'full']);
});

test('an expired token opens nothing, stays listed, and can be revoked', async () => {
  const { clock, make, identity } = await openBench(configured('admin'));
  const made = await make({ expiresAt: plus(clock.now(), hours(1)) });
  clock.advance(hours(1) - 1);
  assert.ok(identity.token(made.token));
  clock.advance(1);
  assert.equal(identity.token(made.token), undefined);
  assert.equal(identity.tokens().at(-1)?.state, 'expired');
  assert.equal(codeOf(await identity.revokeToken(made.id)), 'ok');
  assert.equal(identity.tokens().length, 1);
});

test('revoking kills the token and every session of it at once, and for good', async () => {
  const { store, make, enter, identity, start } = await openBench(configured('admin'));
  const [made, other] = [await make(), await make({ name: 'other' })];
  const sessions = [await enter(made.token), await enter(made.token)];
  const foreign = await enter(other.token);
  let release = () => {};
  store.gate = new Promise((resolve) => {
    release = resolve;
  });
  const revoking = identity.revokeToken(made.id);
  assert.equal(identity.token(made.token), undefined, 'before the disk has it');
  for (const { cookie } of sessions) assert.equal(identity.cookie(cookie), undefined);
  assert.equal(codeOf(await identity.login(made.token, '192.0.2.7')), 'wrong');
  release();
  assert.equal(codeOf(await revoking), 'ok');
  for (const now of [identity, (await start()).identity]) {
    assert.equal(now.token(made.token), undefined);
    for (const { cookie } of sessions) assert.equal(now.cookie(cookie), undefined);
    assert.ok(now.cookie(foreign.cookie));
    assert.equal(codeOf(await now.revokeToken(made.id)), 'unknown');
  }
  assert.equal(store.dump().includes(sha256(made.token)), false, 'nothing of it is left');
});

test('a session that is being opened while its token is revoked does not live', async () => {
  const { make, identity } = await openBench(configured('admin'));
  const made = await make();
  const entering = identity.login(made.token, '192.0.2.7');
  const revoking = identity.revokeToken(made.id);
  const entered = await entering;
  await revoking;
  assert.ok(entered.ok);
  assert.equal(identity.cookie(entered.value.cookie), undefined);
  assert.deepEqual(identity.sessions(), []);
});

test('a revocation that cannot be stored holds in memory, says so, and can be tried again', async () => {
  const { store, make, identity, start } = await openBench(configured('admin'));
  const made = await make();
  store.failing = () => true;
  assert.equal(codeOf(await identity.revokeToken(made.id)), 'failed');
  assert.equal(identity.token(made.token), undefined);
  assert.equal(identity.tokens().at(-1)?.state, 'revoked');
  store.failing = () => false;
  assert.equal(codeOf(await identity.revokeToken(made.id)), 'ok');
  assert.equal((await start()).identity.token(made.token), undefined);
});

test('a token of the config cannot be revoked, nor one that does not exist', async () => {
  const { identity } = await openBench(configured('admin'), configured('read'));
  const [admin, read] = identity.tokens();
  const refused = await identity.revokeToken(read?.id ?? '');
  assert.equal(
    refused.ok ? '' : refused.public,
    'token "read" stands in the config file: take it out there and restart',
  );
  assert.equal(codeOf(await identity.revokeToken(admin?.id ?? '')), 'configured');
  for (const id of ['', 'x', sha256(rawToken('read'))]) assert.equal(codeOf(await identity.revokeToken(id)), 'unknown');
});

test('the last admin stays, whoever asks and however many ask at once', async () => {
  const {
    clock,
    identity,
    claimCode = '',
  } = await (async () => {
    const bench = await openBench();
    return { ...bench, ...(await bench.start()) };
  })();
  const claimed = await identity.claim(claimCode, '192.0.2.7');
  assert.ok(claimed.ok);
  const ask = (name: string, expiresAt: Parameters<typeof identity.createToken>[0]['expiresAt']) =>
    identity.createToken({ name, scopes: ['admin', 'read'], expiresAt });
  const first = identity.tokens()[0]?.id ?? '';
  const refused = await identity.revokeToken(first);
  assert.match(refused.ok ? '' : refused.public, /"claimed-admin" is the last admin credential/);
  const brief = await ask('brief', plus(clock.now(), minutes(5)));
  assert.ok(brief.ok);
  clock.advance(minutes(5));
  assert.equal(codeOf(await identity.revokeToken(first)), 'last_admin', 'an expired one does not count');
  const second = await ask('second', 'never');
  assert.ok(second.ok);
  const codes = (await Promise.all([first, second.value.id].map((id) => identity.revokeToken(id)))).map(codeOf);
  assert.deepEqual(codes, ['ok', 'last_admin']);
  assert.ok(adminIn(identity.token(second.value.token)));
});

test('the day of the last use is kept, of configured tokens too, and written once a day', async () => {
  const { clock, store, make, enter, identity, start } = await openBench(configured('admin'));
  const made = await make();
  const usedOn = (now = identity) => now.tokens().map(({ lastUsedOn }) => lastUsedOn);
  assert.deepEqual(usedOn(), [undefined, undefined]);
  const day = clock.now();
  clock.advance(hours(3));
  for (let i = 0; i < 50; i++) identity.token(made.token);
  assert.deepEqual(usedOn(), [undefined, day]);
  clock.advance(days(2));
  const { cookie } = await enter(rawToken('admin'));
  identity.cookie(cookie);
  assert.deepEqual(usedOn(), [plus(day, days(2)), day]);
  assert.deepEqual(usedOn((await start()).identity), usedOn());
  const notes = store.commits.flatMap(({ ops }) => ops).filter((op) => 'put' in op && op.put.includes('used'));
  assert.equal(notes.length, 2);
});

test('notes of tokens that are no more are cleared away', async () => {
  const { store, start } = await openBench(configured('admin'));
  await store.commit([
    { put: identityKeys.used('0'.repeat(64)), value: 1 },
    { put: identityKeys.used(sha256(rawToken('admin'))), value: 'damaged' },
  ]);
  const { identity } = await start();
  assert.equal(identity.tokens()[0]?.lastUsedOn, undefined);
  assert.equal(
    store.keys().some((key) => key.startsWith(identityKeys.allUsed.gte)),
    false,
  );
});
