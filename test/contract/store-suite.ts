import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StorePort } from '../../actors/store/index.ts';
import { compareKeys } from '../../core/keys/order.ts';
import { collect } from '../support/collect.ts';
import { fc } from '../support/random.ts';

export interface OpenedStore {
  readonly store: StorePort;
  close(): Promise<void>;
}

/** What every implementation of the port does. `open` gives an empty store. */
export function storeSuite(name: string, open: () => Promise<OpenedStore>): void {
  const withStore = (title: string, body: (store: StorePort, opened: OpenedStore) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const opened = await open();
      try {
        await body(opened.store, opened);
      } finally {
        await opened.close();
      }
    });

  withStore('reads back what was committed, and nothing of what was deleted', async (store) => {
    assert.ok(
      (
        await store.commit([
          { put: 'a', value: { n: 1 } },
          { put: 'b', value: null },
        ])
      ).ok,
    );
    assert.deepEqual(await store.get('a'), { n: 1 });
    assert.equal(await store.get('b'), null);
    assert.equal(await store.get('c'), undefined);
    assert.ok((await store.commit([{ del: 'a' }, { del: 'c' }], { sync: true })).ok);
    assert.equal(await store.get('a'), undefined);
  });

  withStore('the later op on a key wins within a batch', async (store) => {
    await store.commit([{ put: 'a', value: 1 }, { del: 'a' }, { put: 'a', value: 2 }]);
    await store.commit([{ put: 'b', value: 1 }, { del: 'b' }]);
    assert.deepEqual(await collect(store.entries({})), [['a', 2]]);
  });

  withStore('a value that is not JSON is refused with its whole batch', async (store) => {
    await assert.rejects(
      store.commit([
        { put: 'a', value: 1 },
        { put: 'b', value: undefined },
      ]),
      TypeError,
    );
    assert.equal(await store.get('a'), undefined);
  });

  withStore('keeps bytes as they are, apart from what is JSON', async (store) => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, n) => n * 7);
    const [first] = [Uint8Array.from(bytes)];
    const committed = store.commit([
      { put: 'a', bytes },
      { put: 'b', value: 1 },
      { put: 'c', bytes: new Uint8Array() },
    ]);
    bytes.fill(0);
    assert.ok((await committed).ok);
    assert.deepEqual(Uint8Array.from((await store.getBytes('a')) ?? []), first);
    assert.equal((await store.getBytes('c'))?.length, 0);
    assert.equal(await store.getBytes('d'), undefined);
    await assert.rejects(store.get('a'), /bytes are not read as JSON/);
    await assert.rejects(store.getBytes('b'), /JSON is not read as bytes/);
    assert.deepEqual(await collect(store.entries({})), [['b', 1]]);
    await store.commit([{ put: 'a', value: 2 }, { del: 'c' }, { put: 'b', bytes: first }], { sync: true });
    assert.deepEqual(await collect(store.entries({ limit: 5 })), [['a', 2]]);
    assert.equal(await store.getBytes('c'), undefined);
    assert.equal((await store.getBytes('b'))?.length, 70_000);
  });

  withStore('what a caller does to a value afterwards changes nothing', async (store) => {
    const value = { list: [1] };
    const committed = store.commit([{ put: 'a', value }]);
    value.list.push(2);
    await committed;
    const read = await store.get<{ list: number[] }>('a');
    read?.list.push(3);
    assert.deepEqual(await store.get('a'), { list: [1] });
  });

  withStore('an empty batch is no error', async (store) => {
    assert.ok((await store.commit([])).ok);
    assert.ok((await store.commit([], { sync: true })).ok);
  });

  withStore('lists in byte order of UTF-8, by any bounds, either way, up to the limit', async (store) => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '!', '~', '\u00e9', '\uffee', '\u{1f600}') });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 40 }),
        fc.record({ gte: key, lt: key, reverse: fc.boolean(), limit: fc.nat(20) }, { requiredKeys: [] }),
        fc.boolean(),
        async (keys, { gte, lt, ...rest }, exclusive) => {
          const old = await collect(store.entries({}));
          await store.commit([...old.map(([del]) => ({ del })), ...keys.map((put) => ({ put, value: put.length }))]);
          const lower = gte === undefined ? {} : exclusive ? { gt: gte } : { gte };
          const upper = lt === undefined ? {} : exclusive ? { lte: lt } : { lt };
          const expected = keys
            .filter((k) => gte === undefined || compareKeys(k, gte) >= (exclusive ? 1 : 0))
            .filter((k) => lt === undefined || compareKeys(k, lt) < (exclusive ? 1 : 0))
            .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          if (rest.reverse === true) expected.reverse();
          assert.deepEqual(
            await collect(store.entries({ ...lower, ...upper, ...rest })),
            expected.slice(0, rest.limit).map((k) => [k, k.length]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  withStore('an iteration sees the store as it stood at its first step', async (store) => {
    const put = (n: number) => ({ put: `k${String(n).padStart(4, '0')}`, value: n });
    await store.commit(Array.from({ length: 1500 }, (_, n) => put(2 * n)));
    const seen: number[] = [];
    for await (const [, value] of store.entries<number>({})) {
      if (seen.length === 0) await store.commit([put(1), put(2999), { del: 'k0100' }, { put: 'k0200', value: -1 }]);
      seen.push(value);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 1500 }, (_, n) => 2 * n),
    );
    assert.equal((await collect(store.entries({}))).length, 1501);
  });

  withStore('an iteration that is left early holds nothing up', async (store, opened) => {
    await store.commit(Array.from({ length: 100 }, (_, n) => ({ put: `k${n}`, value: n })));
    for await (const _ of store.entries({})) break;
    await opened.close();
  });

  withStore('no reader ever sees part of a batch', async (store) => {
    const keys = ['x', 'y', 'z'];
    const writing = (async () => {
      for (let n = 0; n < 50; n++) await store.commit(keys.map((put) => ({ put, value: n })));
    })();
    for (let n = 0; n < 50; n++) {
      const values = (await collect(store.entries<number>({}))).map(([, value]) => value);
      assert.ok(values.length === 0 || values.length === 3);
      assert.equal(new Set(values).size <= 1, true, values.join());
    }
    await writing;
  });

  withStore('commits that wait together are kept in the order of their calls', async (store) => {
    const results = await Promise.all(
      Array.from({ length: 1000 }, (_, n) =>
        store.commit(
          [
            { put: 'k', value: n },
            { put: `n${n}`, value: n },
          ],
          { sync: n % 7 === 0 },
        ),
      ),
    );
    assert.ok(results.every((result) => result.ok));
    assert.equal(await store.get('k'), 999);
    assert.equal((await collect(store.entries({ gte: 'n', lt: 'o' }))).length, 1000);
  });

  withStore('a closed store refuses and does not answer for records', async (store, opened) => {
    await store.commit([{ put: 'a', value: 1 }]);
    await opened.close();
    const refused = await store.commit([{ put: 'b', value: 1 }]);
    assert.equal(refused.ok ? 'ok' : refused.code, 'closed');
    await assert.rejects(store.get('a'), /closed/);
    await assert.rejects(collect(store.entries({})), /closed/);
  });
}
