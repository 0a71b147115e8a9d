import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IDLE_LIFETIME, MOST_SESSIONS, SESSION_LIFETIME, Sessions } from '../../../../actors/identity/sessions.ts';
import { OrderedWriter } from '../../../../actors/identity/writer.ts';
import { hours, minutes } from '../../../../core/base/time.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const LOGIN = { token: 'digest', peer: '192.0.2.7' };
const random = seededRandom();

function made({ store = new MemoryStore(), clock = new SimulatedClock() } = {}) {
  const writer = new OrderedWriter(store, () => {});
  return { store, clock, writer, sessions: new Sessions({ clock, random, writer }) };
}

async function open(sessions: Sessions, peer = LOGIN.peer) {
  const opened = await sessions.open({ ...LOGIN, peer });
  assert.ok(opened.ok);
  return opened.value;
}

/** The sessions as a restart finds them. */
async function restarted({ store, clock }: ReturnType<typeof made>, isGood = (_: string) => true) {
  const next = made({ store, clock });
  await next.sessions.load(store, isGood);
  await next.writer.settled();
  return next;
}

const storedSessions = (store: MemoryStore): number =>
  store.keys().filter((key) => key.startsWith(identityKeys.sessions.gte)).length;

test('a session is durable before it is handed out, and its cookie is not in the store', async () => {
  const { store, sessions } = made();
  const { cookie, csrf } = await open(sessions);
  assert.match(cookie, /^[\w-]{43}$/);
  assert.match(csrf, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    store.commits.map(({ sync }) => sync),
    [true],
  );
  assert.equal(store.dump().includes(cookie), false);
  assert.equal(sessions.seen(cookie)?.csrf, csrf);
  assert.equal(sessions.seen(`${cookie}x`), undefined);
  assert.equal(sessions.seen(''), undefined);
});

test('a session that could not be stored does not exist', async () => {
  const { store, sessions } = made();
  store.failing = () => true;
  assert.equal((await sessions.open(LOGIN)).ok, false);
  assert.equal(sessions.count, 0);
});

test('an idle session ends, a used one lives to its absolute end', async () => {
  const { clock, sessions } = made();
  const idle = await open(sessions);
  const used = await open(sessions);
  clock.advance(IDLE_LIFETIME - 1);
  assert.ok(sessions.seen(used.cookie));
  clock.advance(1);
  assert.equal(sessions.seen(idle.cookie), undefined);
  clock.advance(hours(6));
  assert.ok(sessions.seen(used.cookie));
  clock.advance(SESSION_LIFETIME - IDLE_LIFETIME - hours(6) - 1);
  assert.ok(sessions.seen(used.cookie));
  clock.advance(1);
  assert.equal(sessions.seen(used.cookie), undefined);
  assert.equal(sessions.count, 0);
});

test('use is written at most once a minute, and survives a restart', async () => {
  const here = made();
  const { cookie } = await open(here.sessions);
  for (let i = 0; i < 300; i++) {
    here.clock.advance(1000);
    here.sessions.seen(cookie);
  }
  await here.writer.settled();
  assert.equal(here.store.commits.length, 1 + 5);
  here.clock.advance(IDLE_LIFETIME - minutes(1));
  const next = await restarted(here);
  assert.ok(next.sessions.seen(cookie));
});

test('a clock set back neither floods the store nor ends sessions', async () => {
  const here = made();
  const { cookie } = await open(here.sessions);
  here.clock.advance(-hours(2));
  assert.ok(here.sessions.seen(cookie));
  assert.ok(here.sessions.seen(cookie));
  await here.writer.settled();
  assert.equal(here.store.commits.length, 2);
});

test('a restart drops what is over, what is damaged and what its token no longer carries', async () => {
  const here = made();
  const { cookie } = await open(here.sessions);
  await here.sessions.open({ ...LOGIN, token: 'revoked' });
  await here.store.commit([
    { put: identityKeys.session('damaged'), value: { token: 'digest', csrf: '' } },
    { put: identityKeys.session('null'), value: null },
    { put: identityKeys.session('old'), value: { token: 'digest', csrf: 'c', createdAt: 0, lastSeenAt: 0, peer: '' } },
  ]);
  const next = await restarted(here, (token) => token === 'digest');
  assert.equal(next.sessions.count, 1);
  assert.equal(storedSessions(here.store), 1);
  assert.ok(next.sessions.seen(cookie));
});

test('a closed session stays closed, a use still being written included', async () => {
  const here = made();
  const { cookie, csrf } = await open(here.sessions);
  const other = await open(here.sessions);
  here.clock.advance(minutes(2));
  here.sessions.seen(cookie);
  await here.sessions.close(csrf);
  await here.sessions.close('unknown');
  assert.equal(here.sessions.seen(cookie), undefined);
  const next = await restarted(here);
  assert.equal(next.sessions.seen(cookie), undefined);
  assert.ok(next.sessions.seen(other.cookie));
});

test('beyond the bound the longest idle gives way, in memory and in the store', async () => {
  const { store, clock, sessions, writer } = made();
  const first = await open(sessions);
  const second = await open(sessions);
  for (let i = 2; i < MOST_SESSIONS; i++) await open(sessions);
  clock.advance(1);
  assert.ok(sessions.seen(first.cookie));
  await open(sessions);
  assert.equal(sessions.count, MOST_SESSIONS);
  assert.ok(sessions.seen(first.cookie));
  assert.equal(sessions.seen(second.cookie), undefined);
  await writer.settled();
  assert.equal(storedSessions(store), MOST_SESSIONS);
});
