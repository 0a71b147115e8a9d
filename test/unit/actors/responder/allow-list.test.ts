import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { AllowBook, AllowList, allowRecords } from '../../../../actors/responder/index.ts';
import { createRecords } from '../../../../actors/store/index.ts';
import { type Cidr, type Ip, type ParsedIp, parseCidr, parseIp } from '../../../../core/base/ip.ts';
import { ok } from '../../../../core/base/result.ts';
import { hours, minutes, plus } from '../../../../core/base/time.ts';
import type { AllowRequest, Connection } from '../../../../core/respond/allow.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function net(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function ip(text: string): ParsedIp {
  const parsed = parseIp(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

/** One process on a store and clock that outlive it; the kernel as what it was last told. */
function start(store: MemoryStore, clock: SimulatedClock) {
  const book = new AllowBook();
  const state = {
    slowKernel: [] as Promise<void>[],
    kernel: [] as string[],
    kernelFails: false,
    lifted: [] as string[],
    refuses: (_: ParsedIp, _port?: number): boolean => false,
    connected: [] as Connection[],
    events: [] as string[],
    warned: [] as string[],
  };
  const list = new AllowList({
    book,
    records: allowRecords(createRecords(store)),
    firewall: {
      letIn: async () => {
        if (state.kernelFails) return { ok: false, code: 'denied', errno: 1, public: 'not permitted' };
        const kernel = book.networks().map(({ text }) => text);
        await state.slowKernel.shift();
        state.kernel = kernel;
        return ok(undefined);
      },
    },
    refuses: (ip, port) => state.refuses(ip, port),
    connected: async () => ok(state.connected),
    liftAllowed: async (by) => void state.lifted.push(by),
    clock,
    most: 5,
    log: (level, message) => void (level === 'warn' && state.warned.push(message)),
    publish: ({ action, subject, reason, origin }) => state.events.push(`${action} ${subject} ${origin} ${reason}`),
  });
  return { book, state, list };
}

let store: MemoryStore;
let clock: SimulatedClock;
let b: ReturnType<typeof start>;
beforeEach(() => {
  store = new MemoryStore();
  clock = new SimulatedClock();
  b = start(store, clock);
});

const wish = (text: string, change: Partial<AllowRequest> = {}): AllowRequest => ({
  network: net(text),
  reason: 'monitoring',
  origin: 'api',
  actor: 'ops',
  expiresAt: 'never',
  ...change,
});

const OPS = { actor: 'ops', origin: 'web_ui' } as const;
const BY = { ...OPS, peer: 'local' };

test('what is taken back while it is being allowed does not come back with a restart', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  b.state.slowKernel.push(promise);
  const allowed = b.list.allow(wish('203.0.113.7'));
  const gone = b.list.disallow(net('203.0.113.7'), BY);
  await settled();
  resolve();
  assert.deepEqual([(await allowed).ok, (await gone).ok, b.list.list()], [true, true, []]);
  const again = start(store, clock);
  await again.list.load();
  assert.deepEqual(again.list.list(), []);
});

test('an allow is on the books, in the kernel, durable, and lifts what it covers', async () => {
  const allowed = await b.list.allow(wish('203.0.113.7'));
  assert.ok(allowed.ok);
  assert.deepEqual([allowed.value.subject, allowed.value.warning], ['203.0.113.7', undefined]);
  assert.deepEqual(b.state.kernel, ['203.0.113.7/32']);
  assert.deepEqual(b.state.lifted, ['ops']);
  assert.equal(store.commits.at(-1)?.sync, true);
  const again = start(store, clock);
  await again.list.load();
  await again.list.start();
  assert.deepEqual(again.list.list(), [b.book.of(net('203.0.113.7'))]);
  assert.deepEqual(again.state.lifted, ['an operator']);
  again.list.stop();
});

test('the same network again replaces; removing twice is no error', async () => {
  await b.list.allow(wish('2001:DB8::/48'));
  await b.list.allow(wish('2001:db8:0:0::1/48', { reason: 'new' }));
  assert.deepEqual(
    b.list.list().map(({ subject, reason }) => [subject, reason]),
    [['2001:db8::/48', 'new']],
  );
  assert.deepEqual(await b.list.disallow(net('2001:db8::/48'), BY), { ok: true, value: {} });
  assert.deepEqual(await b.list.disallow(net('2001:db8::/48'), BY), { ok: true, value: {} });
  assert.deepEqual([b.state.kernel, b.book.size, store.keys().length], [[], 0, 0]);
  assert.deepEqual(b.state.events, [
    'allow 2001:db8::/48 api monitoring',
    'allow 2001:db8::/48 api new',
    'remove_allow 2001:db8::/48 web_ui removed by ops',
  ]);
});

test('an allow ends by the wall clock, not a second early, over a restart too', async () => {
  await b.list.start();
  const expiresAt = plus(clock.now(), minutes(1));
  await b.list.allow(wish('203.0.113.7', { expiresAt }));
  await b.list.allow(wish('203.0.113.8'));
  clock.advance(59_999);
  await settled();
  assert.equal(b.book.size, 2);
  b.list.stop();

  const again = start(store, clock);
  await again.list.load();
  await again.list.start();
  clock.advance(2001);
  await settled();
  assert.deepEqual(
    again.list.list().map(({ subject }) => subject),
    ['203.0.113.8'],
  );
  assert.deepEqual(again.state.kernel, ['203.0.113.8/32']);
  assert.deepEqual(again.state.events, ['temp_allow_expired 203.0.113.7 api monitoring']);
  again.list.stop();
  assert.equal(clock.pending, 0);
});

test('what ended while nobody ran is not let in again', async () => {
  await b.list.allow(wish('203.0.113.7', { expiresAt: plus(clock.now(), hours(1)) }));
  clock.advance(3_600_000);
  const again = start(store, clock);
  await again.list.load();
  assert.deepEqual([again.book.size, store.keys().length], [0, 0]);
});

test('a kernel that does not follow is told as a warning; the books hold', async () => {
  b.state.kernelFails = true;
  const allowed = await b.list.allow(wish('203.0.113.7'));
  assert.ok(allowed.ok);
  assert.match(allowed.value.warning ?? '', /could not be changed yet: not permitted/);
  const removed = await b.list.disallow(net('203.0.113.7'), BY);
  assert.ok(removed.ok && removed.value.warning !== undefined);
});

test('without the disk it holds, and is not said to be durable', async () => {
  store.failing = (_, sync) => sync;
  const allowed = await b.list.allow(wish('203.0.113.7'));
  assert.ok(!allowed.ok && allowed.code === 'failed');
  assert.equal(b.book.size, 1);
  const again = start(store, clock);
  await again.list.load();
  assert.equal(again.book.size, 1);
  assert.equal((await b.list.disallow(net('203.0.113.7'), BY)).ok, false);
});

for (const text of ['0.0.0.0/0', '10.0.0.0/7', '::/0', '2001::/31'])
  test(`${text} is too broad`, async () => {
    const refused = await b.list.allow(wish(text));
    assert.ok(!refused.ok && refused.code === 'too_broad');
    assert.equal(b.book.size, 0);
  });

test('what is too broad is named as it was written', async () => {
  const refused = await b.list.allow({ ...wish('10.1.2.3/4'), written: '10.1.2.3/4' });
  assert.match(refused.ok ? '' : refused.public, /^10\.1\.2\.3\/4 is too broad/);
});

test('an allow of the same network says what it takes the place of', async () => {
  const first = await b.list.allow(wish('203.0.113.0/24', { reason: 'old' }));
  const second = await b.list.allow(wish('203.0.113.9/24', { reason: 'new' }));
  assert.ok(first.ok && second.ok);
  assert.deepEqual([first.value.replaced, second.value.replaced?.reason], [undefined, 'old']);
});

test('five are enough where five is the most, one of them may change', async () => {
  for (let i = 0; i < 5; i++) await b.list.allow(wish(`10.0.0.${i}`));
  const more = await b.list.allow(wish('203.0.113.7'));
  assert.ok(!more.ok && more.code === 'full');
  assert.ok((await b.list.allow(wish('10.0.0.1', { reason: 'other' }))).ok);
});

test('the narrowest allow that covers an address is found, by family', async () => {
  for (const text of ['203.0.113.0/24', '203.0.113.7', '2001:db8::/32']) await b.list.allow(wish(text));
  const found = (text: string) => b.book.covering(ip(text))?.subject;
  assert.deepEqual(
    ['203.0.113.7', '203.0.113.8', '203.0.114.1', '2001:db8:1::1', '2001:db9::1', '::ffff:203.0.113.7'].map(found),
    ['203.0.113.7', '203.0.113.0/24', undefined, '2001:db8::/32', undefined, '203.0.113.7'],
  );
  await b.list.disallow(net('203.0.113.7'), BY);
  assert.equal(found('203.0.113.7'), '203.0.113.0/24');
});

test('who gets in by an entry alone is not cut off by its removal, unless that is forced with a reason', async () => {
  await b.list.start();
  const own = { ...OPS, reason: 'us', expiresAt: 'never' } as const;
  for (const text of ['203.0.113.0/24', '203.0.113.7']) {
    assert.equal((await b.list.allow({ ...own, network: net(text), written: text })).ok, true);
  }
  b.state.refuses = () => true;
  b.state.connected = [{ ip: '203.0.113.7' as Ip, port: 22 }, { ip: '198.51.100.1' as Ip }];
  assert.equal((await b.list.disallow(net('203.0.113.7'), BY)).ok, true, 'the network lets it in as well');
  const refused = await b.list.disallow(net('203.0.113.0/24'), BY);
  assert.deepEqual(refused.ok ? '' : [refused.code, /203\.0\.113\.7 would be cut off/.test(refused.public)], [
    'would_cut',
    true,
  ]);
  assert.deepEqual(b.state.kernel, ['203.0.113.0/24']);
  b.state.connected = [];
  assert.equal(
    (await b.list.disallow(net('203.0.113.0/24'), { ...BY, peer: '203.0.113.9' })).ok,
    false,
    'who asks counts',
  );
  b.state.refuses = () => false;
  assert.equal((await b.list.disallow(net('203.0.113.0/24'), { ...BY, peer: '203.0.113.9' })).ok, true);

  assert.equal((await b.list.allow({ ...own, network: net('203.0.113.9'), written: '203.0.113.9' })).ok, true);
  b.state.refuses = () => true;
  const forced = { ...BY, peer: '203.0.113.9', forcedBecause: 'moving out' };
  assert.equal((await b.list.disallow(net('203.0.113.9'), forced)).ok, true);
});

const WEB = { protocol: 'tcp', port: 443 } as const;
const SSH = { protocol: 'tcp', port: 22 } as const;

test('an address is let in to ports alone: each on the books, durable, apart from what lets it in everywhere', async () => {
  const allowed = await b.list.allow(wish('203.0.113.7', { ports: [WEB, SSH] }));
  assert.ok(allowed.ok);
  assert.deepEqual([allowed.value.subject, allowed.value.ports], ['203.0.113.7', [WEB, SSH]]);
  assert.deepEqual([b.state.lifted, b.list.list(), b.list.covering(ip('203.0.113.7'))], [[], [], undefined]);
  assert.equal((await b.list.allow(wish('203.0.113.7', { ports: [SSH], reason: 'new' }))).ok, true);
  await b.list.allow(wish('203.0.113.7'));
  const again = start(store, clock);
  await again.list.load();
  const told = again.list
    .ports()
    .map(({ subject, port, reason }) => `${subject} ${port.protocol} ${port.port} ${reason}`);
  assert.deepEqual(told.sort(), ['203.0.113.7 tcp 22 new', '203.0.113.7 tcp 443 monitoring']);
  assert.equal(again.list.list().length, 1);
  assert.deepEqual(b.state.events.slice(0, 2), [
    'allow 203.0.113.7 api tcp/443: monitoring',
    'allow 203.0.113.7 api tcp/22: monitoring',
  ]);
  assert.deepEqual(
    b.book.guarded().map(({ net: { text }, why }) => `${text} ${why}`),
    [
      '203.0.113.7/32 it holds what is allowed',
      '203.0.113.7/32 it holds what is allowed to tcp/443',
      '203.0.113.7/32 it holds what is allowed to tcp/22',
    ],
  );
});

test('ports are taken off one by one, or with the address; of networks there are none', async () => {
  await b.list.allow(wish('203.0.113.7', { ports: [WEB, SSH] }));
  await b.list.disallow(net('203.0.113.7'), { ...BY, ports: [WEB] });
  assert.deepEqual(
    b.list.ports().map(({ port }) => port),
    [SSH],
  );
  await b.list.disallow(net('203.0.113.7'), { ...BY, ports: [WEB] });
  await b.list.disallow(net('203.0.113.7'), BY);
  assert.deepEqual([b.book.size, store.keys().length], [0, 0]);
  const refused = await b.list.allow(wish('203.0.113.0/24', { ports: [WEB] }));
  assert.equal(refused.ok ? '' : refused.code, 'not_one');
  await b.list.allow(wish('203.0.113.7', { ports: [1, 2, 3, 4].map((port) => ({ protocol: 'udp', port })) }));
  const full = await b.list.allow(wish('203.0.113.8', { ports: [WEB, SSH] }));
  assert.equal(full.ok ? '' : full.code, 'full');
});

test('who could not connect again to the port they use is not cut off by a removal', async () => {
  b.state.refuses = (_, port) => port === 22;
  b.state.connected = [{ ip: '203.0.113.7' as Ip, port: 22 }];
  await b.list.allow(wish('203.0.113.7'));
  const whole = () => b.list.disallow(net('203.0.113.7'), BY);
  const refused = await whole();
  assert.equal(refused.ok ? '' : refused.code, 'would_cut');
  await b.list.allow(wish('203.0.113.8', { ports: [SSH] }));
  b.state.connected = [{ ip: '203.0.113.7' as Ip, port: 80 }];
  assert.equal((await whole()).ok, true, 'its port is open to everybody');
  b.state.connected = [{ ip: '203.0.113.8' as Ip, port: 22 }];
  assert.equal((await b.list.disallow(net('203.0.113.8'), { ...BY, ports: [SSH] })).ok, false);
  await b.list.allow(wish('203.0.113.8'));
  assert.equal((await b.list.disallow(net('203.0.113.8'), { ...BY, ports: [SSH] })).ok, true, 'let in everywhere');
});

test('an allow ends in its time though somebody is connected by it alone, and that is said', async () => {
  await b.list.start();
  b.state.refuses = () => true;
  b.state.connected = [{ ip: '203.0.113.7' as Ip, port: 22 }];
  await b.list.allow(wish('203.0.113.7', { ports: [SSH], expiresAt: plus(clock.now(), minutes(1)) }));
  clock.advance(minutes(1) + 1000);
  await settled();
  assert.equal(b.book.size, 0);
  assert.match(b.state.warned.join(), /somebody connected gets in/);
  assert.deepEqual(b.state.events.at(-1), 'temp_allow_expired 203.0.113.7 api tcp/22: monitoring');
  b.list.stop();
});
