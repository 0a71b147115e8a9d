import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SWEEP } from '../../../../actors/identity/endings.ts';
import { hours, plus } from '../../../../core/base/time.ts';
import { configured, openBench, rawToken } from '../../../support/identity-bench.ts';

/** Watches the credential and tells how often it was told. */
async function watched() {
  const bench = await openBench(configured('admin'));
  const { identity, clock, make, enter } = bench;
  const made = await make({ expiresAt: plus(clock.now(), hours(2)) });
  const { cookie } = await enter(made.token);
  const told = { token: 0, session: 0 };
  const unwatch = {
    token: identity.watch(identity.token(made.token) ?? assert.fail(), () => told.token++),
    session: identity.watch(identity.cookie(cookie) ?? assert.fail(), () => told.session++),
  };
  return { ...bench, made, cookie, told, unwatch };
}

test('revoking a token ends what is watched through it and through its sessions, once, before it is stored', async () => {
  const { identity, made, told, store } = await watched();
  store.failing = () => true;
  const revoking = identity.revokeToken(made.id);
  assert.deepEqual(told, { token: 1, session: 1 });
  await revoking;
  await identity.revokeToken(made.id);
  assert.deepEqual(told, { token: 1, session: 1 });
});

test('logging out, and ending a session, end that session alone', async () => {
  for (const how of ['logout', 'end'] as const) {
    const { identity, cookie, told } = await watched();
    const principal = identity.cookie(cookie) ?? assert.fail();
    if (how === 'logout') await identity.logout(principal);
    else assert.ok((await identity.endSession(principal.id ?? '')).ok);
    assert.deepEqual(told, { token: 0, session: 1 });
    assert.equal((await identity.endSession(principal.id ?? '')).ok, false);
  }
});

test('an end by time is noticed within a sweep, also when the clock jumps', async () => {
  const { clock, told } = await watched();
  clock.advance(hours(2) - SWEEP);
  assert.deepEqual(told, { token: 0, session: 0 });
  clock.advance(2 * SWEEP);
  assert.deepEqual(told, { token: 1, session: 1 });
});

test('nobody is told after unsubscribing, and no timer runs while nobody watches', async () => {
  const { identity, clock, made, told, unwatch } = await watched();
  assert.equal(clock.pending, 1);
  unwatch.token();
  unwatch.token();
  assert.equal(clock.pending, 1);
  unwatch.session();
  assert.equal(clock.pending, 0);
  await identity.revokeToken(made.id);
  assert.deepEqual(told, { token: 0, session: 0 });
});

test('what is dead already tells at once; what has no id never does', async () => {
  const { identity, made } = await watched();
  const principal = identity.token(made.token) ?? assert.fail();
  await identity.revokeToken(made.id);
  let told = 0;
  identity.watch(principal, () => told++)();
  assert.equal(told, 1);
  identity.watch({ kind: 'local', name: 'root', scopes: ['admin'] }, () => told++);
  assert.equal(told, 1);
});

test('closing stops the watch', async () => {
  const { clock, close, told } = await watched();
  await close();
  assert.equal(clock.pending, 0);
  assert.deepEqual(told, { token: 0, session: 0 });
});

test('a token of the config that is used all day is watched for nothing', async () => {
  const { identity, clock } = await openBench(configured('admin'));
  let told = 0;
  identity.watch(identity.token(rawToken('admin')) ?? assert.fail(), () => told++);
  clock.advance(hours(48));
  assert.equal(told, 0);
});
