import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import type { HandLink } from '../../native/nft/hand/link.ts';
import type { NftElement, NftOp, NftPort, NftResult } from '../../native/nft/index.ts';
import { encodeCommit, encodeDrop, encodeEnsure } from '../../native/nft/wire.ts';
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
    assert.match(refusalOf(await link.call(flushing)) ?? '', /flushed only with a revert armed/);
    const larger = productTable();
    const sets = larger.sets.map((set) => (set.name === 'blocked4' ? { ...set, size: 2000 } : set));
    const reshaping = bytesOf(encodeEnsure({ ...larger, sets }));
    assert.match(refusalOf(await link.call(reshaping)) ?? '', /takes away the set blocked4 with no revert armed/);
    assert.match(refusalOf(await link.call(SETTLING)) ?? '', /no revert is armed/);
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
      assert.match(refusalOf(await link.call(SETTLING)) ?? '', /no revert is armed/);
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
