import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableDeclaration } from '../../../../native/nft/declaration.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { nftSuite } from '../../../contract/nft-suite.ts';
import { add, done, refused } from '../../../contract/nft-suite-ground.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

nftSuite('fake', async () => {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock);
  return {
    open: async () => kernel.open(),
    eventually: async (length, holds) => {
      clock.advance(length);
      assert.ok(await holds());
    },
    overwhelm: async () => kernel.loseNotifications(),
    knock: async () => {
      kernel.judge({ iif: 'lo', saddr: '127.0.0.1', protocol: 'udp', dport: 9, bytes: 29 });
    },
    runs: 50,
    scale: 0.1,
    dispose: async () => undefined,
  };
});

const declared: TableDeclaration = {
  name: 'bartizan',
  sets: [
    { name: 'allowed', family: 4, interval: true, timeout: false },
    { name: 'blocked', family: 4, interval: false, timeout: true },
  ],
  chains: [
    {
      name: 'pre',
      hook: 'prerouting',
      priority: -190,
      rules: [
        { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' },
        { when: [{ match: 'saddr', set: 'allowed' }], verdict: 'accept' },
        { when: [{ match: 'saddr', set: 'blocked' }], verdict: 'drop', counter: 'blocked' },
      ],
    },
  ],
};

test('the fake judges packets by its rules, in their order, and counts', async () => {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock);
  const port = kernel.open();
  done(await port.ensure(declared));
  done(
    await port.commit('bartizan', [
      add('blocked', '192.0.2.1', { timeout: 1000 as never }),
      add('blocked', '10.0.0.1'),
      add('allowed', '10.0.0.0/8'),
    ]),
  );
  const judge = (saddr: string, iif = 'eth0'): string => kernel.judge({ iif, saddr, bytes: 100 });
  assert.equal(judge('192.0.2.1'), 'drop');
  assert.equal(judge('192.0.2.1', 'lo'), 'accept');
  assert.equal(judge('192.0.2.2'), 'accept');
  assert.equal(judge('10.0.0.1'), 'accept');
  assert.equal(judge('2001:db8::1'), 'accept');
  assert.deepEqual(done(await port.counters('bartizan')), [{ name: 'blocked', packets: 1, bytes: 100 }]);
  clock.advance(1000);
  assert.equal(judge('192.0.2.1'), 'accept');
});

test('the fake fails as planned, once for each time it was asked to', async () => {
  const port = new FakeKernel(new SimulatedClock()).open();
  const kernel = new FakeKernel(new SimulatedClock());
  const planned = kernel.open();
  kernel.failNext('denied', 1);
  kernel.failNext('resync', 105);
  refused(await planned.ensure(declared), 'denied');
  refused(await planned.localAddresses(), 'resync');
  done(await planned.ensure(declared));
  done(await port.ensure(declared));
});

test('the fake judges by the candidate while the guard is lit, for each family, and by the rest afterwards', async () => {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock);
  const port = kernel.open();
  const [allowed, blocked] = declared.sets;
  assert.ok(allowed && blocked);
  done(
    await port.ensure({
      ...declared,
      sets: [
        { ...allowed, elements: [{ key: '10.0.0.0/8', timeout: 'never' }] },
        { ...blocked, elements: [{ key: '10.0.0.1', timeout: 'never' }] },
        { name: 'trial', family: 'either', interval: false, timeout: true },
      ],
      chains: [
        {
          name: 'pre',
          hook: 'prerouting',
          priority: -190,
          rules: [
            { when: [{ match: 'family', set: 'trial' }], verdict: { goto: 'candidate' } },
            { when: [{ match: 'saddr', set: 'blocked' }], verdict: 'drop', counter: 'base' },
          ],
        },
        { name: 'candidate', rules: [{ when: [{ match: 'saddr', set: 'allowed' }], verdict: 'accept' }] },
      ],
    }),
  );
  const judge = (): string => kernel.judge({ iif: 'eth0', saddr: '10.0.0.1' });
  assert.equal(judge(), 'drop');
  done(await port.commit('bartizan', [add('trial', 'ipv6', { timeout: 1000 as never })]));
  assert.equal(judge(), 'drop');
  done(await port.commit('bartizan', [add('trial', 'ipv4', { timeout: 1000 as never })]));
  assert.equal(judge(), 'accept');
  clock.advance(1000);
  assert.equal(judge(), 'drop');
});
