import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_OF_ONE_TOKEN, MOST_SESSIONS, Sessions } from '../../../../actors/identity/sessions.ts';
import { OrderedWriter } from '../../../../actors/identity/writer.ts';
import { hours, minutes } from '../../../../core/base/time.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const LOGIN = { token: 'digest', peer: '192.0.2.7' };
const IDLE_LIFETIME = hours(12);
const SESSION_LIFETIME = hours(24);
const limits = { idle: IDLE_LIFETIME, lifetime: SESSION_LIFETIME };
const random = seededRandom();

function made({ store = new MemoryStore(), clock = new SimulatedClock() } = {}) {
  const writer = new OrderedWriter(store, () => {});
  const ended: string[] = [];
  const idOf = (digest: string) => `id of ${digest.slice(0, 8)}`;
  const sessions = new Sessions({ clock, random, writer, limits, idOf, onEnd: (id) => void ended.push(id) });
  return { store, clock, writer, sessions, ended };
}

async function open(sessions: Sessions, token = LOGIN.token) {
  const opened = await sessions.open({ ...LOGIN, token });
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
  assert.equal(sessions.seen(cookie)?.record.csrf, csrf);
  assert.equal(sessions.seen(`${cookie}x`), undefined);
  assert.equal(sessions.seen(''), undefined);
});

test('a session that could not be stored does not exist', async () => {
  const { store, sessions } = made();
  store.failing = () => true;
  assert.equal((await sessions.open(LOGIN)).ok, false);
  assert.equal(sessions.count, 0);
});

test('logins at once open no more sessions than there may be', async () => {
  const { store, sessions } = made();
  await Promise.all(Array.from({ length: MOST_OF_ONE_TOKEN + 20 }, () => open(sessions)));
  assert.deepEqual([sessions.count, storedSessions(store)], [MOST_OF_ONE_TOKEN, MOST_OF_ONE_TOKEN]);
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
  const { cookie, id } = await open(here.sessions);
  const other = await open(here.sessions);
  here.clock.advance(minutes(2));
  here.sessions.seen(cookie);
  await here.writer.kept(here.sessions.end(id));
  assert.deepEqual(here.sessions.end('unknown'), []);
  assert.deepEqual(here.ended, [id]);
  assert.equal(here.sessions.seen(cookie), undefined);
  const next = await restarted(here);
  assert.equal(next.sessions.seen(cookie), undefined);
  assert.ok(next.sessions.seen(other.cookie));
});

test('beyond the bound the longest idle gives way, in memory and in the store', async () => {
  const { store, clock, sessions, writer } = made();
  const first = await open(sessions);
  const second = await open(sessions);
  for (let i = 2; i < MOST_SESSIONS; i++) await open(sessions, `token ${i % 20}`);
  clock.advance(1);
  assert.ok(sessions.seen(first.cookie));
  await open(sessions, 'another');
  assert.equal(sessions.count, MOST_SESSIONS);
  assert.ok(sessions.seen(first.cookie));
  assert.equal(sessions.seen(second.cookie), undefined);
  await writer.settled();
  assert.equal(storedSessions(store), MOST_SESSIONS);
});

test('one token cannot push out the sessions of another', async () => {
  const { clock, sessions, ended } = made();
  const other = await open(sessions, 'other');
  clock.advance(1);
  const first = await open(sessions);
  clock.advance(1);
  for (let i = 1; i < MOST_OF_ONE_TOKEN + 5; i++) await open(sessions);
  assert.equal(sessions.count, MOST_OF_ONE_TOKEN + 1);
  assert.ok(sessions.seen(other.cookie));
  assert.equal(sessions.seen(first.cookie), undefined);
  assert.equal(ended.length, 5);
});

test('a list shows what is not over, newest first, and when each ends if left alone', async () => {
  const { clock, sessions } = made();
  const old = await open(sessions);
  clock.advance(hours(11));
  const used = await open(sessions);
  const start = clock.now();
  assert.deepEqual(
    sessions.list().map(({ id, expiresAt }) => [id, expiresAt - start]),
    [
      [used.id, hours(12)],
      [old.id, hours(1)],
    ],
  );
  clock.advance(hours(1));
  assert.deepEqual([sessions.list().length, sessions.withId(old.id)], [1, undefined]);
  clock.advance(hours(10));
  sessions.seen(used.cookie);
  clock.advance(hours(3));
  sessions.seen(used.cookie);
  assert.equal(sessions.withId(used.id)?.expiresAt, start + SESSION_LIFETIME);
});

test('the end of a token ends its sessions and no other', async () => {
  const here = made();
  const mine = [await open(here.sessions), await open(here.sessions)];
  const other = await open(here.sessions, 'other');
  await here.writer.kept(here.sessions.endOf(LOGIN.token));
  assert.deepEqual(
    here.ended,
    mine.map(({ id }) => id),
  );
  assert.ok(here.sessions.seen(other.cookie));
  assert.equal(storedSessions(here.store), 1);
});

test('a session from a far future, begun while the clock was wrong, is over', async () => {
  const { clock, sessions } = made({ clock: new SimulatedClock(Date.UTC(2099, 0, 1)) });
  const { cookie } = await open(sessions);
  clock.advance(-hours(24 * 365 * 60));
  assert.equal(sessions.seen(cookie), undefined);
});
