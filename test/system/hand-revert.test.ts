import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import type { HandLink } from '../../native/nft/hand/link.ts';
import type { NftChange, NftElement, NftOp, NftPort, NftResult } from '../../native/nft/index.ts';
import { encodeCommit, encodeDrop, encodeEnsure } from '../../native/nft/wire.ts';
import { WireNft } from '../../native/nft/wire-port.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { arming, blocking, GuardedHand, productTable, refusalOf, SETTLING } from '../support/guarded-hand.ts';
import { namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

const bytesOf = (request: NftResult<Uint8Array>): Uint8Array => done(request);
const FLUSH: NftOp = { kind: 'flush', set: 'blocked4' };
const flushing = bytesOf(encodeCommit('bartizan', [FLUSH]));
const dropping = encodeDrop('bartizan');
const BLOCKS = ['203.0.113.1', '203.0.113.2', '2001:db8::1'];

/** While something is kept nothing else can be armed. */
const reverted = (link: HandLink): Promise<void> =>
  waitUntil('the revert', 5000, async () => refusalOf(await link.call(arming(60_000))) === undefined);

describe('what a hand keeps until it is settled', { skip: namespacesUnavailable() }, () => {
  let hand: GuardedHand;
  let port: NftPort;
  before(async () => {
    hand = new GuardedHand();
    await hand.start();
  });
  after(() => hand?.dispose());
  /** A table with three blocks, and nobody connected. */
  beforeEach(async () => {
    port = await hand.site.open();
    done(await port.drop('bartizan'));
    done(await port.ensure(productTable()));
    done(await port.commit('bartizan', BLOCKS.map(blocking)));
    await port.close();
  });

  const blocked = async (): Promise<readonly NftElement[]> => {
    port = await hand.site.open();
    const found = [done(await port.list('bartizan', 'blocked4')), done(await port.list('bartizan', 'blocked6'))];
    await port.close();
    return found.flat();
  };
  const stands = async (): Promise<void> => {
    const found = await blocked();
    assert.deepEqual(found.map(({ key }) => key).sort(), [...BLOCKS].sort());
    for (const { timeout } of found) assert.ok(timeout !== 'never' && timeout > 3_500_000 && timeout <= 3_600_000);
    assert.doesNotMatch(hand.ruleset(), /dormant/);
  };

  test('nothing is dropped, flushed or replaced without an armed revert', async () => {
    const link = await hand.wire();
    assert.match(refusalOf(await link.call(dropping)) ?? '', /only with a revert armed/);
    assert.match(refusalOf(await link.call(flushing)) ?? '', /flushes set blocked4 with no revert armed/);
    const larger = productTable();
    const sets = larger.sets.map((set) => (set.name === 'blocked4' ? { ...set, size: 2000 } : set));
    const reshaping = bytesOf(encodeEnsure({ ...larger, sets }));
    assert.match(refusalOf(await link.call(reshaping)) ?? '', /takes away the set blocked4 with no revert armed/);
    assert.equal(refusalOf(await link.call(SETTLING)), undefined, 'nothing is kept, and nothing was put back');
    for (const window of [0, 60_001]) assert.match(refusalOf(await link.call(arming(window))) ?? '', /1-60000 ms/);
    await link.close();
    await stands();
  });

  for (const [what, request] of [
    ['dropped', dropping],
    ['flushed', flushing],
    [
      'replaced by a larger set',
      bytesOf(
        encodeEnsure({
          ...productTable(),
          sets: productTable().sets.map((set) => (set.name === 'blocked4' ? { ...set, size: 2000 } : set)),
        }),
      ),
    ],
  ] as const) {
    test(`${what} and not settled in time: it comes back`, async () => {
      const link = await hand.wire();
      assert.equal(refusalOf(await link.call(arming(50))), undefined);
      assert.equal(refusalOf(await link.call(request)), undefined);
      await reverted(link);
      await link.close();
      await stands();
    });

    test(`${what} by a client that goes: it comes back`, async () => {
      const link = await hand.wire();
      void link.call(arming(60_000));
      assert.equal(refusalOf(await link.call(request)), undefined);
      await link.close();
      await stands();
    });

    test(`${what} and settled: it is gone`, async () => {
      const link = await hand.wire();
      void link.call(arming(60_000));
      void link.call(request);
      assert.equal(refusalOf(await link.call(SETTLING)), undefined);
      await link.close();
      port = await hand.site.open();
      const left = request === dropping ? await port.counters('bartizan') : await port.list('bartizan', 'blocked4');
      assert.ok(request === dropping ? !left.ok && left.code === 'missing' : left.ok && left.value.length === 0);
      await port.close();
    });
  }

  test('between a drop and its settling no packet meets the table, and nothing changes it', async () => {
    const link = await hand.wire();
    void link.call(arming(60_000));
    assert.equal(refusalOf(await link.call(dropping)), undefined);
    assert.match(hand.ruleset(), /flags dormant/);
    const unblocking = bytesOf(encodeCommit('bartizan', [{ kind: 'delete', set: 'blocked4', key: '203.0.113.1' }]));
    for (const request of [unblocking, dropping, bytesOf(encodeEnsure(productTable()))]) {
      assert.match(refusalOf(await link.call(request)) ?? '', /dropped, and that is not settled yet/);
    }
    assert.match(refusalOf(await link.call(arming(1000))) ?? '', /the last loss is not settled yet/);
    await link.close();
    await stands();
  });

  test('a hand that is killed in between: the next one wakes the table', async () => {
    const link = await hand.wire();
    void link.call(arming(60_000));
    assert.equal(refusalOf(await link.call(dropping)), undefined);
    await hand.site.end('SIGKILL');
    void link.close();
    assert.match(hand.ruleset(), /flags dormant/);
    await hand.start();
    assert.doesNotMatch(hand.ruleset(), /dormant/);
    await stands();
  });

  test('a hand that is told to end puts back first', async () => {
    const link = await hand.wire();
    void link.call(arming(60_000));
    void link.call(flushing);
    assert.equal(refusalOf(await link.call(dropping)), undefined);
    assert.equal(await hand.site.end('SIGTERM'), 0);
    void link.close();
    await hand.start();
    await stands();
  });

  test('through the port a drop, a flush and a larger set are armed and settled by themselves', async () => {
    port = await hand.site.open();
    const larger = productTable();
    const sets = larger.sets.map((set) => (set.name === 'blocked4' ? { ...set, size: 2000 } : set));
    const flush = port.commit('bartizan', [FLUSH, blocking('203.0.113.9')]);
    const listed = port.list('bartizan', 'blocked4');
    const ensured = port.ensure({ ...larger, sets });
    const dropped = port.drop('bartizan');
    const after = port.counters('bartizan');
    done(await flush);
    assert.deepEqual(
      done(await listed).map(({ key }) => key),
      ['203.0.113.9'],
    );
    done(await ensured);
    done(await dropped);
    assert.ok(!(await after).ok);
    assert.equal(hand.ruleset().trim(), '');
    await port.close();
  });

  test('what comes back stands beside what came since, and whoever watches is told', async () => {
    const block = (key: string, hours: number): NftOp => ({
      kind: 'add',
      set: 'blocked_nets4',
      key,
      timeout: millis(hours * 3_600_000),
    });
    port = await hand.site.open();
    done(await port.commit('bartizan', [block('203.0.113.0/24', 1), block('10.0.0.0/8', 1)]));
    await port.close();
    const link = await hand.wire();
    port = new WireNft(link);
    const seen: NftChange[] = [];
    done(await port.watch('bartizan', (change) => seen.push(change)));
    void link.call(arming(150));
    const emptying = bytesOf(encodeCommit('bartizan', [{ kind: 'flush', set: 'blocked_nets4' }]));
    assert.equal(refusalOf(await link.call(emptying)), undefined);
    done(await port.commit('bartizan', [block('203.0.113.64/26', 2), block('100.64.0.0/10', 2)]));
    await waitUntil('the notice', 5000, () => seen.some(({ kind }) => kind === 'lost'));
    const nets = done(await port.list('bartizan', 'blocked_nets4'));
    assert.deepEqual(nets.map(({ key, timeout }) => [key, timeout !== 'never' && timeout > 3_600_000]).sort(), [
      ['10.0.0.0/8', false],
      ['100.64.0.0/10', true],
      ['203.0.113.0/26', false],
      ['203.0.113.128/25', false],
      ['203.0.113.64/26', true],
    ]);
    assert.match(refusalOf(await link.call(SETTLING)) ?? '', /has been put back/);
    await port.close();
  });

  test('a call may take longer than a revert is armed for', async () => {
    const elements = Array.from({ length: 60_000 }, (_, i) => ({
      key: `10.${i >> 14}.${(i >> 6) & 255}.${i & 63}`,
      timeout: 'never' as const,
    }));
    const product = productTable();
    const long = { name: 'long', family: 4, interval: false, timeout: false, elements } as const;
    const larger = product.sets.map((set) => (set.name === 'blocked4' ? { ...set, size: 2000 } : set));
    const slow = bytesOf(encodeEnsure({ ...product, sets: [...product.sets, long] }));
    const losing = bytesOf(encodeEnsure({ ...product, sets: [...larger, { ...long, name: 'longer' }] }));
    const window = 20;
    const link = await hand.wire();
    for (const [request, why] of [
      [slow, 'nothing was lost'],
      [losing, 'the time runs from the answer on'],
    ] as const) {
      const began = performance.now();
      void link.call(arming(window));
      assert.equal(refusalOf(await link.call(request)), undefined);
      assert.ok(performance.now() - began > window, 'too quick to tell');
      assert.equal(refusalOf(await link.call(SETTLING)), undefined, why);
    }
    await link.close();
  });

  test('time passes for what is kept, too', async () => {
    port = await hand.site.open();
    const brief: NftOp = { kind: 'add', set: 'blocked4', key: '203.0.113.9', timeout: millis(150) };
    done(await port.commit('bartizan', [brief]));
    await port.close();
    const link = await hand.wire();
    void link.call(arming(300));
    assert.equal(refusalOf(await link.call(flushing)), undefined);
    await reverted(link);
    await link.close();
    await stands();
  });
});
