import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCredentials } from '../../../../actors/identity/credentials.ts';
import { sha256 } from '../../../../actors/identity/effects.ts';
import { CLAIM_TRIES, CODE_LIFETIME } from '../../../../actors/identity/machine.ts';
import type { Scope } from '../../../../core/api/auth.ts';
import { formatClaimCode } from '../../../../core/api/claim-code.ts';
import type { Session } from '../../../../core/api/identity.ts';
import { hours } from '../../../../core/base/time.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { configured, identityBench, SESSION_LIMITS } from '../../../support/identity-bench.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const PEER = '192.0.2.7';
const WRONG = formatClaimCode(new Uint8Array(16).fill(1));
const random = seededRandom();
const appliance = identityBench;

async function claimedAppliance() {
  const here = appliance();
  const opened = await here.start();
  const claimed = await opened.identity.claim(opened.claimCode ?? '', PEER);
  assert.ok(claimed.ok);
  return { ...here, ...opened, session: claimed.value };
}

const codeOf = (result: { readonly ok: boolean; readonly code?: string }): string => result.code ?? 'ok';

test('the claim code makes an admin: token and session, both good after a restart', async () => {
  const { start, session, identity } = await claimedAppliance();
  assert.match(session.token ?? '', /^bzt_[\w-]{43}$/);
  assert.equal(session.maxAge, hours(24));
  const { id, ...principal } = session.principal;
  assert.match(id ?? '', /^[0-9a-f]{32}$/);
  assert.deepEqual(principal, { kind: 'session', name: 'claimed-admin', scopes: ['admin'], csrf: session.csrf });
  for (const { identity: now, claimCode } of [{ identity, claimCode: undefined }, await start()]) {
    assert.equal(claimCode, undefined);
    assert.ok(now.claimed());
    const { id: _, ...bearer } = now.token(session.token ?? '') ?? assert.fail();
    assert.deepEqual(bearer, { kind: 'token', name: 'claimed-admin', scopes: ['admin'] });
    assert.deepEqual(now.cookie(session.cookie), session.principal);
  }
});

test('no secret is stored or logged', async () => {
  const here = appliance();
  const { identity, claimCode = '' } = await here.start();
  await identity.claim(WRONG, PEER);
  const before = here.store.dump();
  const claimed = await identity.claim(claimCode, PEER);
  assert.ok(claimed.ok);
  const everything = before + here.store.dump() + here.logged.join();
  for (const secret of [claimCode, claimCode.replaceAll('-', ''), claimed.value.token, claimed.value.cookie]) {
    assert.equal(everything.includes(secret ?? ''), false);
  }
  assert.ok(before.includes(sha256(claimCode.replaceAll('-', ''))));
  assert.equal(here.store.keys().includes(identityKeys.claim), false, 'a used code leaves nothing behind');
});

test('everything acknowledged was on disk first', async () => {
  const { store } = await claimedAppliance();
  assert.ok(store.commits.filter(({ ops }) => ops.some((op) => 'put' in op)).every(({ sync }) => sync));
});

test('of racing right codes one wins', async () => {
  const { start } = appliance();
  const { identity, claimCode = '' } = await start();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => identity.claim(claimCode, PEER)));
  const codes = outcomes.map(codeOf);
  assert.equal(codes.filter((code) => code === 'ok').length, 1);
  assert.equal(codes.filter((code) => code === 'already_claimed').length, 19);
});

test('five wrong tries void the code, and a restart makes a new one while the old stays dead', async () => {
  const { start, store } = appliance();
  const first = await start();
  for (let i = 0; i < CLAIM_TRIES; i++) assert.equal(codeOf(await first.identity.claim(WRONG, PEER)), 'wrong');
  assert.equal(codeOf(await first.identity.claim(first.claimCode ?? '', PEER)), 'exhausted');
  assert.equal(first.identity.claimed(), false);
  await first.close();
  assert.equal(store.keys().includes(identityKeys.claim), false);
  const second = await start();
  assert.notEqual(second.claimCode, first.claimCode);
  assert.equal(codeOf(await second.identity.claim(first.claimCode ?? '', PEER)), 'wrong');
  assert.equal(codeOf(await second.identity.claim(second.claimCode?.toLowerCase() ?? '', PEER)), 'ok');
});

test('wrong tries in parallel are counted one by one', async () => {
  const { identity, claimCode = '' } = await appliance().start();
  const tries = [...Array.from({ length: 30 }, () => WRONG), claimCode];
  const codes = (await Promise.all(tries.map((code) => identity.claim(code, PEER)))).map(codeOf);
  assert.equal(codes.filter((code) => code === 'wrong').length, CLAIM_TRIES);
  assert.equal(codes.at(-1), 'exhausted');
});

test('after a day the code is void', async () => {
  const { start, clock } = appliance();
  const { identity, claimCode = '' } = await start();
  clock.advance(CODE_LIFETIME);
  assert.equal(codeOf(await identity.claim(claimCode, PEER)), 'expired');
});

test('a claim that cannot be stored fails whole and can be tried again', async () => {
  const { start, store } = appliance();
  const { identity, claimCode = '' } = await start();
  store.failing = () => true;
  assert.equal(codeOf(await identity.claim(claimCode, PEER)), 'failed');
  assert.equal(identity.claimed(), false);
  assert.equal(
    store.keys().some((key) => key.startsWith(identityKeys.tokens.gte)),
    false,
  );
  store.failing = () => {
    throw new Error('broken');
  };
  assert.equal(codeOf(await identity.claim(claimCode, PEER)), 'failed');
  store.failing = () => false;
  assert.equal(codeOf(await identity.claim(claimCode, PEER)), 'ok');
});

test('while the disk is lost the admin gets in, for as long as the process lives', async () => {
  const { start, store } = appliance();
  store.failing = (_, sync) => sync;
  const { identity, claimCode = '' } = await start();
  const claimed = await identity.claim(claimCode, PEER);
  assert.ok(claimed.ok);
  const again = await identity.login(claimed.value.token ?? '', PEER);
  assert.ok(again.ok && identity.cookie(again.value.cookie));
});

test('records that cannot be read open nothing, and the config still does', async () => {
  const { start, store, logged } = appliance(configured('read'));
  const earlier = await (await start()).identity.login('read-token-of-the-config', PEER);
  assert.ok(earlier.ok);
  const before = store.commits.length;
  for (const method of ['get', 'entries'] as const) {
    const broken = new Error('bad block');
    const restore = store[method];
    Object.assign(store, {
      [method]: () => {
        throw broken;
      },
    });
    const { identity, claimCode } = await start();
    Object.assign(store, { [method]: restore });
    assert.equal(claimCode, undefined);
    assert.equal(codeOf(await identity.claim(WRONG, PEER)), 'already_claimed');
    assert.ok(identity.token('read-token-of-the-config'));
    assert.match(logged.at(-1) ?? '', /cannot be read.*bad block/);
  }
  const written = store.commits.slice(before).flatMap(({ ops }) => ops);
  assert.deepEqual(
    written.filter((op) => !('put' in op) || !op.put.startsWith(identityKeys.allUsed.gte)),
    [],
    'nothing was written over',
  );
  assert.ok((await start()).identity.cookie(earlier.value.cookie), 'a session of before lives on');
});

test('a damaged token record does not open the appliance to a claim', async () => {
  const { start, store } = appliance();
  await store.commit([{ put: identityKeys.token('0'), value: { name: 'claimed-admin' } }]);
  assert.equal((await start()).claimCode, undefined);
});

test('wrong tries count although the store is lost', async () => {
  const { start, store } = appliance();
  store.failing = () => true;
  const { identity, claimCode = '' } = await start();
  for (let i = 0; i < CLAIM_TRIES; i++) await identity.claim(WRONG, PEER);
  assert.equal(codeOf(await identity.claim(claimCode, PEER)), 'exhausted');
});

test('a crash at any commit of the first start and the claim leaves a state to go on from', async () => {
  for (let dieAt = 1; dieAt <= 6; dieAt++) {
    const { start, store } = appliance();
    let commits = 0;
    store.failing = () => ++commits >= dieAt;
    const dying = await start();
    const claimed = await dying.identity.claim(dying.claimCode ?? '', PEER);
    store.failing = () => false;
    const next = await start();
    assert.equal(next.identity.claimed(), claimed.ok);
    assert.equal(next.claimCode === undefined, claimed.ok);
    if (claimed.ok) assert.ok(next.identity.token(claimed.value.token ?? ''));
    else assert.equal(codeOf(await next.identity.claim(next.claimCode ?? '', PEER)), 'ok');
  }
});

test('an admin token in the config counts as claimed, a lesser one does not', async () => {
  const { claimCode, identity } = await appliance(configured('admin')).start();
  assert.equal(claimCode, undefined);
  assert.equal(codeOf(await identity.claim(WRONG, PEER)), 'already_claimed');
  const lesser = await appliance(configured('read'), configured('metrics')).start();
  assert.notEqual(lesser.claimCode, undefined);
});

const login = async (scope: Scope, raw?: string) => {
  const here = appliance(configured(scope));
  const { identity } = await here.start();
  return { ...here, identity, outcome: await identity.login(raw ?? `${scope}-token-of-the-config`, PEER) };
};

for (const [scope, outcome] of [
  ['admin', 'ok'],
  ['read', 'ok'],
  ['metrics', 'wrong'],
] as const)
  test(`login with a ${scope} token: ${outcome}`, async () =>
    assert.equal(codeOf((await login(scope)).outcome), outcome));

test('login with anything else is wrong, with a failing disk failed', async () => {
  assert.equal(codeOf((await login('admin', 'nonsense')).outcome), 'wrong');
  const { store, identity } = await login('read');
  store.failing = () => true;
  assert.equal(codeOf(await identity.login('read-token-of-the-config', PEER)), 'failed');
});

test('a session has the scope of its token and ends with it', async () => {
  const { outcome, store, clock, identity } = await login('read');
  const session = (outcome as { readonly value: Session }).value;
  assert.deepEqual(identity.cookie(session.cookie)?.scopes, ['read']);
  assert.equal(identity.token(session.cookie), undefined, 'a session id is no bearer token');
  const without = await openCredentials({
    store,
    clock,
    random,
    log: () => {},
    configured: [],
    sessions: SESSION_LIMITS,
  });
  assert.equal(without.identity.cookie(session.cookie), undefined);
});

test('logout ends this session and no other; a token has none to end', async () => {
  const { identity, session } = await claimedAppliance();
  const other = await identity.login(session.token ?? '', PEER);
  assert.ok(other.ok);
  await identity.logout(identity.token(session.token ?? '') ?? assert.fail());
  await identity.logout(identity.cookie(session.cookie) ?? assert.fail());
  assert.equal(identity.cookie(session.cookie), undefined);
  assert.ok(identity.cookie(other.value.cookie));
  assert.ok(identity.token(session.token ?? ''));
});

test('a raw token in the cookie needs a CSRF token of its own, the same after a restart, another on another appliance', async () => {
  const raw = 'admin-token-of-the-config';
  const here = appliance(configured('admin'));
  const { identity } = await here.start();
  const principal = identity.cookie(raw);
  assert.equal(principal?.kind, 'token');
  assert.match(principal?.csrf ?? '', /^[0-9a-f]{64}$/);
  assert.equal(identity.token(raw)?.csrf, undefined);
  assert.deepEqual((await here.start()).identity.cookie(raw), principal);
  const elsewhere = await appliance(configured('admin')).start();
  assert.notEqual(elsewhere.identity.cookie(raw)?.csrf, principal?.csrf);
});

test('closing stops the timers', async () => {
  const { start, clock } = appliance();
  const opened = await start();
  assert.equal(clock.pending, 1);
  await opened.close();
  assert.equal(clock.pending, 0);
});

test('a settled appliance writes nothing at its start', async () => {
  const { store, start } = await claimedAppliance();
  const before = store.commits.length;
  await start();
  assert.equal(store.commits.length, before);
});
