import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { HandLink } from '../../native/nft/hand/link.ts';
import type {
  NftOp,
  NftResult,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
  VerdictDeclaration,
} from '../../native/nft/index.ts';
import { encodeCommit, encodeEnsure } from '../../native/nft/wire.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { arming, blocking, FLOOR, GuardedHand, productTable, refusalOf, SETTLING } from '../support/guarded-hand.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';

const bytesOf = (request: NftResult<Uint8Array>): Uint8Array => done(request);
const product = productTable();
const usesSet =
  (name: string) =>
  ({ when }: RuleDeclaration): boolean =>
    when.some((match) => 'set' in match && match.set === name);
/** The product's table, where no rule goes by this set. */
const withoutRule = (name: string): TableDeclaration => ({
  ...product,
  chains: product.chains.map((chain) => ({ ...chain, rules: chain.rules.filter((rule) => !usesSet(name)(rule)) })),
});
const withoutSet = (name: string): TableDeclaration => {
  const table = withoutRule(name);
  return { ...table, sets: table.sets.filter((set) => set.name !== name) };
};
/** With one more set, and one more rule at the end that goes by it. */
const withSet = (set: SetDeclaration, verdict?: VerdictDeclaration): TableDeclaration => ({
  ...product,
  sets: [...product.sets, set],
  chains: product.chains.map((chain) => ({
    ...chain,
    rules: [...chain.rules, ...(verdict ? [{ when: [{ match: 'saddr', set: set.name } as const], verdict }] : [])],
  })),
});
const plain: SetDeclaration = { name: 'spare', family: 4, interval: false, timeout: false };

describe('what a guarded hand refuses is not to be had in steps either', { skip: namespacesUnavailable() }, () => {
  let hand: GuardedHand;
  let link: HandLink;
  before(async () => {
    hand = new GuardedHand();
    await hand.start();
  });
  after(() => hand?.dispose());
  /** The product's table with one block, and a connection that arms nothing by itself. */
  beforeEach(async () => {
    const port = await hand.site.open();
    done(await port.drop('bartizan'));
    done(await port.ensure(product));
    done(await port.commit('bartizan', [blocking('203.0.113.1')]));
    await port.close();
    link = await hand.wire();
  });

  const ask = async (request: NftResult<Uint8Array>): Promise<string | undefined> =>
    refusalOf(await link.call(bytesOf(request)));
  const commit = (...ops: readonly NftOp[]) => ask(encodeCommit('bartizan', ops));
  const ensure = (table: TableDeclaration) => ask(encodeEnsure(table));
  const add = (set: string, key: string): NftOp => ({ kind: 'add', set, key, timeout: 'never' });
  const holds = (set: string): string => hand.namespace.exec('nft', ['list', 'set', 'inet', 'bartizan', set]);
  const stillBlocked = async (): Promise<void> => {
    await link.close();
    assert.match(holds('blocked4'), /203\.0\.113\.1/);
  };

  test('decisions are not flushed once no rule goes by them', async () => {
    assert.equal(await ensure(withoutRule('blocked4')), undefined);
    assert.match((await commit({ kind: 'flush', set: 'blocked4' })) ?? '', /with no revert armed/);
    await stillBlocked();
  });

  test('decisions are not taken away once no rule goes by them', async () => {
    assert.equal(await ensure(withoutRule('blocked4')), undefined);
    assert.match((await ensure(withoutSet('blocked4'))) ?? '', /takes away the set blocked4 with no revert armed/);
    await stillBlocked();
  });

  test('decisions of a hand before this one are kept as well', async () => {
    await link.close();
    await hand.site.end('SIGKILL');
    await hand.start();
    link = await hand.wire();
    assert.match((await ensure(withoutSet('blocked4'))) ?? '', /takes away the set blocked4 with no revert armed/);
    assert.match((await commit({ kind: 'flush', set: 'blocked4' })) ?? '', /with no revert armed/);
    await stillBlocked();
  });

  for (const set of [plain, { ...plain, interval: true }, { ...plain, timeout: true }]) {
    const key = set.interval ? '192.0.2.0/25' : '192.0.2.7';
    const other = set.interval ? '203.0.113.0/25' : '203.0.113.7';
    const shape = JSON.stringify({ interval: set.interval, timeout: set.timeout });

    for (const steps of [1, 2]) {
      test(`a set ${shape} that let in comes to cut in ${steps} without what is protected`, async () => {
        assert.equal(await ensure(withSet(set, 'accept')), undefined);
        assert.equal(await commit(add('spare', key), add('spare', other)), undefined);
        if (steps === 2) assert.equal(await ensure(withSet(set)), undefined);
        assert.equal(await ensure(withSet(set, 'drop')), undefined);
        assert.match((await commit(add('spare', key))) ?? '', /never be blocked/);
        await link.close();
        assert.doesNotMatch(holds('spare'), /192\.0\.2/);
        assert.match(holds('spare'), /203\.0\.113/);
        await hand.site.logged(/set spare held 1 protected keys: taken out/);
      });
    }

    test(`a set ${shape} of a hand before this one cuts without what is protected`, async () => {
      assert.equal(await ensure(withSet(set, 'accept')), undefined);
      assert.equal(await commit(add('spare', key), add('spare', other)), undefined);
      await link.close();
      await hand.site.end('SIGKILL');
      await hand.start();
      link = await hand.wire();
      assert.equal(await ensure(withSet(set, 'drop')), undefined);
      await link.close();
      assert.doesNotMatch(holds('spare'), /192\.0\.2/);
      assert.match(holds('spare'), /203\.0\.113/);
    });
  }

  test('a set that the floor rests on cannot cut as well', async () => {
    const set: SetDeclaration = { ...plain, interval: true };
    assert.equal(await ensure(withSet(set, 'accept')), undefined);
    assert.equal(await commit(add('spare', FLOOR[0] ?? '')), undefined);
    const table = withSet(set, 'drop');
    const infra = product.sets.find(({ name }) => name.startsWith('infra4'))?.name ?? '';
    const chains = table.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.map((rule) =>
        usesSet(infra)(rule) ? { ...rule, when: [{ match: 'saddr', set: 'spare' } as const] } : rule,
      ),
    }));
    assert.match((await ensure({ ...table, chains })) ?? '', /spare lets in what is protected, and cannot cut/);
    await link.close();
  });

  test('what a revert puts back is not cut where it is protected', async () => {
    const timed = { ...plain, timeout: true };
    assert.equal(await ensure(withSet(timed, 'accept')), undefined);
    assert.equal(await commit(add('spare', '192.0.2.7'), add('spare', '203.0.113.7')), undefined);
    await link.call(arming(60_000));
    assert.equal(await commit({ kind: 'flush', set: 'spare' }), undefined);
    assert.equal(await ensure(withSet(timed)), undefined);
    assert.equal(await ensure(withSet(timed, 'drop')), undefined);
    await link.close();
    await hand.site.logged(/the client went away: what was lost is back/);
    assert.doesNotMatch(holds('spare'), /192\.0\.2/);
    assert.match(holds('spare'), /203\.0\.113\.7/);
  });

  test('single addresses that a set which cuts begins with are judged as blocks are', async () => {
    const set: SetDeclaration = { ...plain, elements: [{ key: '192.0.2.7', timeout: 'never' }] };
    assert.match((await ensure(withSet(set, 'drop'))) ?? '', /never be blocked/);
    await link.close();
  });

  test('only one loss is kept at a time', async () => {
    await link.call(arming(60_000));
    assert.equal(await commit({ kind: 'flush', set: 'blocked4' }), undefined);
    assert.equal(await commit(blocking('203.0.113.2')), undefined);
    assert.match((await commit({ kind: 'flush', set: 'blocked4' })) ?? '', /last loss is not settled yet/);
    assert.equal(refusalOf(await link.call(SETTLING)), undefined);
    await link.close();
  });
});
